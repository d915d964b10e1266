#!/usr/bin/env bash
# The build steps of the images, so that they can be run with and without Docker.
#
#   build.sh download              the modules that the workspace needs (only go.work and the go.mod files need be there)
#   build.sh build SERVICE OUTPUT  one service as a static binary, and an empty directory `state` beside it
set -eu

# The images carry services only; what only tests need (e2e) is no part of their workspace.
workspace_without_missing_modules() {
    local module
    go work edit -json | sed -n 's/.*"DiskPath": "\(.*\)".*/\1/p' | while read -r module; do
        [ -f "$module/go.mod" ] || go work edit -dropuse="$module"
    done
}

case ${1:-} in
    download)
        workspace_without_missing_modules
        go mod download
        ;;
    build)
        go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$3" "./services/$2/cmd/$2"
        mkdir -p "$(dirname "$3")/state"
        ;;
    *)
        echo 'usage: build.sh download | build.sh build SERVICE OUTPUT' >&2
        exit 2
        ;;
esac
