#!/usr/bin/env bash
# Validates docker-compose.yml: with Docker's own compose when it is installed (no engine needed), else with the library that
# it is made of, run from source by the go command.
set -eu

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
COMPOSE_GO=github.com/compose-spec/compose-go/v2/cmd@v2.16.2

if docker compose version >/dev/null 2>&1; then
    docker compose -f docker-compose.yml config --quiet
    by='docker compose'
else
    GOFLAGS='' GOWORK=off go run "$COMPOSE_GO" docker-compose.yml >/dev/null
    by=$COMPOSE_GO
fi
printf '  %-17s docker-compose.yml is valid (%s)\n' compose "$by"
