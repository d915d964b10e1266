#!/usr/bin/env bash
# Known vulnerabilities in what we call: govulncheck in every module, against https://vuln.go.dev.
#
#   vulncheck.sh GOVULNCHECK MODULE...   fails on a finding, and where the database does not answer
#   vulncheck.sh                         only tells whether it answers
set -u

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# reachable: asked by curl, which knows of proxies; without curl it is seen whether anybody is there at all.
reachable() {
    if command -v curl >/dev/null 2>&1; then
        curl -fsS -m 10 -o /dev/null https://vuln.go.dev/index/db.json && return
    else
        timeout 10 bash -c 'exec 3<>/dev/tcp/vuln.go.dev/443' 2>/dev/null && return
    fi
    echo 'NOT RUN: vuln.go.dev does not answer from here, so known vulnerabilities were not looked up.' >&2
    return 1
}

reachable || exit 1
[ $# -gt 0 ] || exit 0
tool=$1 failed=0
shift
for module in "$@"; do
    echo "$module"
    (cd "$TOP/$module" && "$tool" ./...) || failed=1
done
exit "$failed"
