#!/usr/bin/env bash
# PostgreSQL and RabbitMQ of one torture run: the functions of `make deps`, with everything below the run's own directory
# and never in Docker, because they are there to be killed.
#
#   servers.sh DIRECTORY postgres-start|postgres-crash|postgres-stop|rabbitmq-start|rabbitmq-stop
#   servers.sh DIRECTORY rabbitmq-crash [NODE]
#   servers.sh DIRECTORY rabbitmq-ctl NODE ARGUMENT...
#
# RABBITMQ_BIN is the directory of another RabbitMQ than Debian's: rabbitmq-server and rabbitmqctl of any version.
# DATABASE_URL and AMQP_URL name the ports. With NODES=3 RabbitMQ is a cluster of three, numbered from 0, at the port of
# AMQP_URL and the two that follow.
set -u
export LC_ALL=C

DIR=$1
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." && pwd)
LOCAL=$TOP/deployments/local
RUN=$DIR
unset "${!PG@}" # psql obeys PGHOST and the like; only the URL counts here
unset AMQP_MANAGEMENT_URL

for part in say url process packages state postgres rabbitmq; do
    # shellcheck source=/dev/null
    . "$LOCAL/lib/$part.sh"
done
# shellcheck disable=SC2317 # called by the functions of make deps
state_base() { echo "$DIR"; }
# shellcheck disable=SC2317
docker_down() { return 1; }

exec 9>/dev/null # the functions of make deps close the descriptor of its lock

# node N: turns to one node of the cluster; what follows is about it.
node() {
    AMQP_URL=${FIRST_URL/":$FIRST_PORT"/":$((FIRST_PORT + $1))"}
    rabbitmq_read_url
}

# ctl ARGUMENT...: rabbitmqctl as the node's own user and with its cookie.
ctl() {
    rabbitmq_find || return 1
    as_user "$(rabbitmq_user)" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME="$MQ_DIR" \
        RABBITMQ_CONF_ENV_FILE="$MQ_DIR/rabbitmq-env.conf" "$MQ_BIN/rabbitmqctl" -q -n "$MQ_NODE" "$@"
}

# cookie: nodes that know the same secret may talk to each other.
cookie() {
    state_claim rabbitmq "$MQ_DIR" "$(rabbitmq_user)" || return 1
    [ -e "$MQ_DIR/.erlang.cookie" ] && return 0
    printf 'torture' >"$MQ_DIR/.erlang.cookie" && chmod 400 "$MQ_DIR/.erlang.cookie" || return 1
    if is_root; then chown "$(rabbitmq_user):" "$MQ_DIR/.erlang.cookie"; fi
}

# all_start: every node that does not run. Side by side, because after a stop of all of them none gets ready alone.
all_start() {
    local number pids=() pid result=0
    for ((number = 0; number < NODES; number++)); do
        node "$number" && cookie || return 1
        rabbitmq_own_pid >/dev/null && rabbitmq_answers && rabbitmq_manages && continue
        (rabbitmq_own) &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || result=1; done
    [ "$result" = 0 ] || return 1
    for ((number = 1; number < NODES; number++)); do join "$number" || return 1; done
}

# join N: makes the node a member of the first one's cluster, once.
join() {
    local first
    node 0 && first=$MQ_NODE && node "$1"
    [ -e "$MQ_DIR/joined" ] && return 0
    ctl stop_app && ctl reset && ctl join_cluster "$first" && ctl start_app && : >"$MQ_DIR/joined"
}

all_stop() {
    local number pids=() pid result=0
    for ((number = 0; number < NODES; number++)); do
        (node "$number" && rabbitmq_down) &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || result=1; done
    return "$result"
}

all_crash() {
    local number pid
    for ((number = 0; number < NODES; number++)); do
        node "$number" && pid=$(rabbitmq_own_pid) || continue
        kill -KILL "$pid" && wait_until 10 process_gone "$pid" || return 1
    done
}

postgres_read_url && rabbitmq_read_url || exit 1
FIRST_URL=$AMQP_URL FIRST_PORT=$MQ_PORT NODES=${NODES:-1}
case $2 in
    postgres-start) postgres_packages && postgres_own ;;
    postgres-stop) postgres_down ;;
    # All processes of the server quit at once without writing anything; the next start recovers from the log.
    postgres-crash) postgres_find && as_user "$(postgres_user)" "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -m immediate -w -t 30 stop ;;
    rabbitmq-start) rabbitmq_packages && all_start ;;
    rabbitmq-stop) all_stop ;;
    rabbitmq-crash) if [ $# = 2 ]; then all_crash; else node "$3" && pid=$(rabbitmq_own_pid) && kill -KILL "$pid" && wait_until 10 process_gone "$pid"; fi ;;
    rabbitmq-ctl) node "$3" && shift 3 && ctl "$@" ;;
    *) exit 2 ;;
esac
