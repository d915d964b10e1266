#!/usr/bin/env bash
# PostgreSQL and RabbitMQ of one torture run: the functions of `make deps`, with everything below the run's own directory
# and never in Docker, because they are there to be killed.
#
#   servers.sh DIRECTORY postgres-start|postgres-crash|postgres-stop|rabbitmq-start|rabbitmq-crash|rabbitmq-stop
#
# DATABASE_URL and AMQP_URL name the ports.
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

postgres_read_url && rabbitmq_read_url || exit 1
case $2 in
    postgres-start) postgres_packages && postgres_own ;;
    postgres-stop) postgres_down ;;
    # All processes of the server quit at once without writing anything; the next start recovers from the log.
    postgres-crash) postgres_find && as_user "$(postgres_user)" "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -m immediate -w -t 30 stop ;;
    rabbitmq-start) rabbitmq_packages && rabbitmq_own ;;
    rabbitmq-stop) rabbitmq_down ;;
    rabbitmq-crash) pid=$(rabbitmq_own_pid) && kill -KILL "$pid" && wait_until 10 process_gone "$pid" ;;
    *) exit 2 ;;
esac
