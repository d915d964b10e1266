# make run: the services in the foreground, with their logs, until Ctrl-C.

COLOURS=(36 32 35 33 34)

# foreground_run: starts all, shows their logs, restarts what dies, and stops in order when told to.
foreground_run() {
    STOPPING=''
    PARENT=$(cat "/proc/$PPID/comm" 2>/dev/null)
    trap 'STOPPING=1' INT TERM HUP
    echo "$$ $(process_born $$)" >"$RUN/pids/run.pid"
    foreground_follow
    if foreground_start; then
        services_key
        say stop 'Ctrl-C (PostgreSQL and RabbitMQ stay: make deps-down)'
        foreground_watch
    elif [ -z "$STOPPING" ]; then
        FAILED=1
    fi
    foreground_stop
    [ -z "${FAILED:-}" ]
}

# foreground_start: all services, one after another; false when one fails or Ctrl-C comes.
foreground_start() {
    local name
    for name in "${SERVICES[@]}"; do
        service_start "$name" && service_wait "$name" || return 1
        say "$name" "ready, $(service_page "$name")"
    done
}

# foreground_follow: the new lines of each log, prefixed. The services write to files and not to us, so that they do not die
# with a closed terminal.
foreground_follow() {
    local name i=0 prefix
    FOLLOWERS=()
    for name in "${SERVICES[@]}"; do
        (umask 077 && : >>"$RUN/logs/$name.log")
        printf -v prefix '%-17s' "$name"
        [ -z "$BOLD" ] || prefix=$'\e['"${COLOURS[i]}m$prefix$PLAIN"
        (exec setsid tail -n 0 -F "$RUN/logs/$name.log" 2>/dev/null) > >(trap '' INT TERM HUP; exec sed -u "s/^/  $prefix /") &
        FOLLOWERS+=($!)
        i=$((i + 1))
    done
}

# foreground_watch: until told to stop; a service that ends by itself is started again after a second, then after longer.
foreground_watch() {
    local name pid
    declare -A DELAY=() DIED=() BORN=()
    while [ -z "$STOPPING" ] && ! make_interrupted; do
        for name in "${SERVICES[@]}"; do
            if [ -n "${DIED[$name]:-}" ]; then
                [ "$SECONDS" -ge "${DIED[$name]}" ] && foreground_revive "$name"
            elif read -r pid <"$RUN/pids/$name.pid" && process_gone "$pid"; then
                foreground_died "$name"
            fi
        done
        # In the background and waited for, because a signal interrupts only `wait` at once.
        sleep 0.5 &
        wait $!
    done
}

# make_interrupted: our parent is a make that got SIGINT or SIGHUP alone, as from `kill -INT`, or is gone. It does not pass
# these on (a terminal signals the whole group) but sits in its signal handler until we end: the kernel shows that as the
# signal being blocked.
make_interrupted() {
    [ "$PARENT" = make ] || return 1
    local key value
    while read -r key value; do
        [ "$key" != SigBlk: ] || return "$(((16#$value & 3) == 0))"
    done 2>/dev/null <"/proc/$PPID/status"
    return 0
}

foreground_died() {
    local name=$1
    DELAY[$name]=$((${DELAY[$name]:-0} * 2))
    # A service that ran for a minute is not failing at its start: begin with a second again.
    [ $((SECONDS - ${BORN[$name]:-0})) -lt 60 ] && [ "${DELAY[$name]}" -gt 0 ] || DELAY[$name]=1
    [ "${DELAY[$name]}" -le 30 ] || DELAY[$name]=30
    DIED[$name]=$((SECONDS + DELAY[$name]))
    complain "$name" "ended by itself, starts again in ${DELAY[$name]} s"
}

foreground_revive() {
    DIED[$1]='' BORN[$1]=$SECONDS
    service_start "$1" || DIED[$1]=$((SECONDS + 5))
}

# foreground_stop: console, connector, catalog, simulator. More Ctrl-C change nothing: each service has a deadline.
foreground_stop() {
    trap '' INT TERM HUP
    [ ! -t 1 ] || printf '\n'
    services_stop "${SERVICES[@]}"
    rm -f "$RUN/pids/run.pid"
    sleep 0.3 # the last lines are still on their way
    { kill "${FOLLOWERS[@]}" && wait "${FOLLOWERS[@]}"; } 2>/dev/null
    say stopped 'all services; PostgreSQL and RabbitMQ go on (stop them with make deps-down)'
}
