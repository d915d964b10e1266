#!/usr/bin/env bash
# go test with the race detector, and with what that needs: a C compiler.
set -u

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LOCAL=$TOP/deployments/local
for part in say url process packages; do
    # shellcheck source=/dev/null
    . "$LOCAL/lib/$part.sh"
done

# compiler_found: the one that go names.
compiler_found() {
    command -v "$(go env CC | cut -d ' ' -f 1)" >/dev/null 2>&1
}

# race_flag: sets RACE. Without a compiler the tests still run, but cannot see data races, and that is said.
race_flag() {
    RACE=(-race)
    compiler_found && return
    if packages_possible; then
        hint 'installing gcc for the race detector ...'
        packages_install gcc libc6-dev && compiler_found && return
    fi
    RACE=()
    complain test 'no C compiler: the tests run WITHOUT the race detector. Install gcc and libc6-dev to have it.'
}

# browser_found: what the console's tests look through. Without one they fail and say so.
browser_found() {
    command -v chromium >/dev/null 2>&1 && return
    packages_possible || return 0
    hint 'installing Chromium for the tests of the console ...'
    packages_install chromium
}

# management_url: where the tests make their virtual hosts; on another AMQP port our own node has it 10000 higher.
management_url() {
    url_parse AMQP "${AMQP_URL:-amqp://localhost:5672/}" || return
    export AMQP_MANAGEMENT_URL=${AMQP_MANAGEMENT_URL:-http://$AMQP_HOST:$((${AMQP_PORT:-5672} + 10000))}
}

management_url
race_flag
browser_found
[ "${#RACE[@]}" = 0 ] || export CGO_ENABLED=1
cd "$TOP" && exec go test "${RACE[@]}" "$@"
