#!/usr/bin/env bash
# Replays the first stage of service.Dockerfile without Docker: its COPY lines into an empty directory, its RUN lines there,
# once per service. Finds a module or a file that the Dockerfile forgets to copy.
set -eu

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STAGE=$(mktemp -d)
trap 'rm -rf "$STAGE"' EXIT
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=

# copy SOURCE... TARGET: as COPY does; the content of a directory, not the directory itself.
copy() {
    local target=${!#} source
    for source in "${@:1:$#-1}"; do
        if [ -d "$TOP/$source" ]; then
            mkdir -p "$STAGE/src/$target" && cp -R "$TOP/$source/." "$STAGE/src/$target/"
        else
            mkdir -p "$STAGE/src/$target" && cp "$TOP/$source" "$STAGE/src/$target/"
        fi
    done
}

# run COMMAND: as RUN does, with the output directory inside the stage.
run() {
    local command=${1//--mount=type=cache,target=+([^ ])/}
    command=${command//\$\{SERVICE\}/$SERVICE}
    (cd "$STAGE/src" && bash -euc "${command//\/out\//$STAGE/out/$SERVICE/}")
}

# replay LINE: one line of the first stage, continuations joined.
replay() {
    case $1 in
        'COPY '*) read -r -a words <<<"${1#COPY }" && copy "${words[@]}" ;;
        'RUN '*) run "${1#RUN }" ;;
    esac
}

shopt -s extglob
mkdir -p "$STAGE/src"
mapfile -t stage < <(sed -e ':a' -e '/\\$/{N;s/\\\n *//;ba' -e '}' "$TOP/deployments/docker/service.Dockerfile" |
    awk '/^FROM/{n++} n == 1')
mapfile -t services < <(sed -n 's/.*args: {SERVICE: \(.*\)}}/\1/p' "$TOP/docker-compose.yml")
[ "${#services[@]}" -gt 0 ] || { echo 'no service with a SERVICE argument in docker-compose.yml' >&2; exit 1; }
for SERVICE in "${services[@]}"; do
    for line in "${stage[@]}"; do replay "$line"; done
    size=$(stat -c %s "$STAGE/out/$SERVICE/service")
    printf '  %-17s builds as in its image, %d MB\n' "$SERVICE" $((size / 1000000))
done
