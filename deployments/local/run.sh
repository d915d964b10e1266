#!/usr/bin/env bash
# make run, up, down: the services of DataSync on this machine, without a Stripe account. PostgreSQL and RabbitMQ must answer
# already (make deps). Everything that is written goes to .run/ and bin/.
set -u
umask 022

LOCAL=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$LOCAL/../.." && pwd)
RUN=$TOP/.run
GOAL=${1:-}
DATABASE_URL=${DATABASE_URL:-postgres://datasync:datasync@localhost:5432/datasync?sslmode=disable}
AMQP_URL=${AMQP_URL:-amqp://guest:guest@localhost:5672/}

for part in say url process http services background foreground; do
    # shellcheck source=/dev/null
    . "$LOCAL/lib/$part.sh"
done

# lock: two at once would start everything twice.
lock() {
    mkdir -p "$RUN/pids" "$RUN/logs" && chmod 700 "$RUN" && exec 9>"$RUN/lock" || exit 1
    flock -w 120 9 || { complain "$GOAL" 'another make up, down or run is at work in this clone'; exit 1; }
}

# unlock: while make run sits in the foreground, make up and make down may look.
unlock() { exec 9>&-; }

# foreground_pid: of a make run in another terminal.
foreground_pid() {
    local pid born
    [ -r "$RUN/pids/run.pid" ] && read -r pid born <"$RUN/pids/run.pid" && [ "$(process_born "$pid")" = "$born" ] && echo "$pid"
}

up() {
    services_settle && keys_make api-key ds_ && services_describe || return 1
    if foreground_pid >/dev/null; then
        up_beside_run
    else
        services_build && background_up && background_farewell
    fi
}

# up_beside_run: make run in another terminal looks after the services; all that is left is to see that they are ready.
up_beside_run() {
    local name
    for name in "${SERVICES[@]}"; do
        if ! wait_until 30 http_ready "$(service_port "$name")" || ! service_current "$name"; then
            complain "$name" 'belongs to make run in another terminal, and is not ready or would need another configuration.' \
                'Stop make run there with Ctrl-C, or with make down, and try again.'
            return 1
        fi
        say "$name" "runs already (make run in another terminal), $(service_page "$name")"
    done
    services_key
}

down() {
    local pid
    if pid=$(foreground_pid); then
        kill -TERM "$pid"
        wait_until 90 process_gone "$pid" || { complain down "make run (process $pid) does not stop"; return 1; }
        say 'make run' 'told to stop; all services are stopped'
        return 0
    fi
    services_stop "${ALL_SERVICES[@]}"
}

run() {
    if foreground_pid >/dev/null; then
        complain run 'make run is at work already in another terminal'
        return 1
    fi
    services_settle && keys_make api-key ds_ && services_describe && services_build || return 1
    services_stop "${ALL_SERVICES[@]}"
    unlock
    foreground_run
}

case $GOAL in
    up | down | run) lock && "$GOAL" ;;
    *) echo 'usage: run.sh up|down|run' >&2 && exit 2 ;;
esac
