#!/usr/bin/env bash
# govulncheck in every module: vulncheck.sh GOVULNCHECK MODULE... It asks https://vuln.go.dev, so it needs the network.
# Without arguments it only tells whether that answers.
set -u

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if ! timeout 10 bash -c 'exec 3<>/dev/tcp/vuln.go.dev/443' 2>/dev/null && [ -z "${HTTPS_PROXY:-}${https_proxy:-}" ]; then
    echo 'vuln.go.dev does not answer from here, so known vulnerabilities were NOT looked up.' >&2
    exit 1
fi
[ $# -gt 0 ] || exit 0
tool=$1
shift
failed=0
for module in "$@"; do
    echo "$module"
    (cd "$TOP/$module" && "$tool" ./...) || failed=1
done
exit "$failed"
