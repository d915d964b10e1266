#!/usr/bin/env bash
# make deps, make deps-down: PostgreSQL and RabbitMQ for development and tests.
#
# Uses what already answers at DATABASE_URL and AMQP_URL; else a Docker engine; else Debian's packages with data directories
# of our own; else says what to install. Data that is not ours is never touched, and nothing is ever deleted.
set -u
export LC_ALL=C

LOCAL=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$LOCAL/../.." && pwd)
RUN=$TOP/.run
DATABASE_URL=${DATABASE_URL:-postgres://datasync:datasync@localhost:5432/datasync?sslmode=disable}
AMQP_URL=${AMQP_URL:-amqp://guest:guest@localhost:5672/}
unset "${!PG@}" # psql obeys PGHOST and the like; only the URL counts here

for part in say url process packages docker state postgres rabbitmq; do
    # shellcheck source=/dev/null
    . "$LOCAL/lib/$part.sh"
done

# lock: two at once would both see an empty port and start two servers. Held until this script ends; servers do not inherit
# it (9>&-).
lock() {
    local base
    base=$(state_base)
    mkdir -p "$base" || return 1
    exec 9>"$base/lock"
    command -v flock >/dev/null 2>&1 || return 0
    flock -n 9 || { hint 'another make deps is at work; waiting for it ...'; flock 9; }
}

usage() {
    echo "usage: deps.sh up|down" >&2
    exit 2
}

[ "$#" = 1 ] || usage
lock || { complain deps "cannot write to $(state_base)"; exit 1; }
failed=0
case $1 in
    up)
        postgres_up || failed=1
        rabbitmq_up || failed=1
        ;;
    down)
        rabbitmq_down || failed=1
        postgres_down || failed=1
        ;;
    *) usage ;;
esac
exit "$failed"
