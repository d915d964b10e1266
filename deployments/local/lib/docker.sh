# PostgreSQL and RabbitMQ from docker-compose.yml, when a Docker engine runs here.

# docker_compose_command: sets COMPOSE, or returns false when there is no engine or no compose.
docker_compose_command() {
    command -v docker >/dev/null 2>&1 || return 1
    timeout 10 docker info >/dev/null 2>&1 || return 1
    if docker compose version >/dev/null 2>&1; then
        COMPOSE=(docker compose)
    elif command -v docker-compose >/dev/null 2>&1; then
        COMPOSE=(docker-compose)
    else
        return 1
    fi
    COMPOSE+=(-f "$TOP/docker-compose.yml")
}

# docker_up SERVICE NAME=VALUE...: starts one service of the compose file and waits until it is healthy.
docker_up() {
    local service=$1 log
    shift
    docker_compose_command || return 1
    log=$(mktemp)
    if env "$@" "${COMPOSE[@]}" up -d --wait "$service" >"$log" 2>&1 9>&-; then
        rm -f "$log"
        mkdir -p "$RUN/deps" && printf '%s\n' "$@" >"$RUN/deps/docker-$service"
        return 0
    fi
    complain "$service" 'Docker runs but could not start it:'
    last_lines "$log" 8
    env "$@" "${COMPOSE[@]}" rm -sf "$service" >/dev/null 2>&1
    rm -f "$log"
    return 1
}

# docker_down SERVICE: stops what docker_up started. The data stays in its volume.
docker_down() {
    local service=$1 settings=() line
    [ -f "$RUN/deps/docker-$service" ] || return 1
    docker_compose_command || return 1
    while read -r line; do settings+=("$line"); done <"$RUN/deps/docker-$service"
    env "${settings[@]}" "${COMPOSE[@]}" stop "$service" >/dev/null 2>&1 || return 1
    rm -f "$RUN/deps/docker-$service"
}
