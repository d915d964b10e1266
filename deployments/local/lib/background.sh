# make up, make down: the services in the background.

# background_up: starts what does not run, restarts what changed, leaves the rest alone; stops what it started if one fails.
background_up() {
    local name started=()
    for name in "${ALL_SERVICES[@]}"; do
        [[ " ${SERVICES[*]} " == *" $name "* ]] || services_stop "$name"
    done
    for name in "${SERVICES[@]}"; do
        if service_current "$name" && http_ready "$(service_port "$name")"; then
            say "$name" "runs already, $(service_page "$name")"
            continue
        fi
        service_stop "$name"
        service_start "$name" && started+=("$name") && service_wait "$name" || {
            [ "${#started[@]}" = 0 ] || services_stop "${started[@]}"
            return 1
        }
        say "$name" "ready, $(service_page "$name")"
    done
}

# background_farewell: what to do next.
background_farewell() {
    services_key
    say 'command line' 'bin/datasync status, bin/datasync doctor, bin/datasync --help'
    say logs '.run/logs/, stop with make down (PostgreSQL and RabbitMQ stay: make deps-down)'
}
