#!/usr/bin/env bash
# Compares the direct dependencies of every go.mod with the tables in docs/dependencies.md: each must be there with a reason,
# and nothing that is no longer used.
set -eu

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

required() {
    local module
    for module in pkg/go.mod services/*/go.mod cmd/*/go.mod e2e/go.mod; do
        go mod edit -json "$module" |
            awk '/"Require"/{on=1} on && /"Path"/{gsub(/[",]/, ""); path=$2} on && /"Indirect": true/{path=""}
                 on && /}/{if (path != "") print path; path=""} on && /\]/{exit}'
    done | grep -v '^github.com/datasync-dev/datasync/' | sort -u
}

documented() {
    sed -n 's/^| `\([^`]*\)` |.*[^ |].*|$/\1/p' docs/dependencies.md | sort -u
}

missing=$(comm -23 <(required) <(documented))
gone=$(comm -13 <(required) <(documented))
[ -z "$missing" ] || printf 'docs/dependencies.md gives no reason for:\n%s\n' "$missing" >&2
[ -z "$gone" ] || printf 'docs/dependencies.md lists what no go.mod requires directly any more:\n%s\n' "$gone" >&2
[ -z "$missing$gone" ]
printf '  %-17s %d direct dependencies, each with its reason\n' dependencies "$(required | wc -l)"
