#!/usr/bin/env bash
# Runs every fuzz target of the workspace for a while: fuzz.sh 10s
set -eu

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
found=0
while IFS=: read -r file target; do
    found=$((found + 1))
    printf '%s in %s\n' "$target" "$(dirname "$file")"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-10s}" "./$(dirname "$file")"
done < <(grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' pkg services e2e | sed 's/:func /:/' | sort)
[ "$found" -gt 0 ] || { echo 'no fuzz targets found' >&2; exit 1; }
