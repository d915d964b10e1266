#!/usr/bin/env bash
# Runs the shell blocks of a document that are marked to be run, so that it cannot promise what does not work:
#
#   <!-- run -->
#   ```bash
#   ...
#   ```
#
# All blocks of a document run in one shell, from the top of the repository, stopping at the first failure. Without
# arguments: README.md and every how-to that has such blocks. They expect what `make up` started.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ "$#" = 0 ]; then
    mapfile -t documents < <(grep -l '^<!-- run -->$' docs/howto/*.md)
    set -- README.md "${documents[@]}"
fi
for document in "$@"; do
    script=$(awk '/^<!-- run -->$/{marked=1; next} marked && /^```bash$/{on=1; marked=0; next} /^```$/{on=0} on' "$document")
    [ -n "$script" ] || { echo "$document has no block marked to be run" >&2; exit 1; }
    printf '%s\n' "$script" | bash -euo pipefail -x /dev/stdin
    printf '  %s: its marked blocks work\n' "$document"
done
