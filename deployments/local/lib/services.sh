# The services of the local start: the one list of their names, ports, environments, and how each is started and stopped.

# In the order of starting; stopping goes the other way. The simulator comes first because the connector calls it, the
# connector after the catalog because it is the one that moves data: it stops before what it talks to. The console looks at them
# all.
ALL_SERVICES=(stripe-simulator catalog stripe-connector console)

# services_settle: the configuration of this start from the environment, with defaults; sets SERVICES.
services_settle() {
    CATALOG_PORT=${CATALOG_PORT:-8000} CONNECTOR_PORT=${CONNECTOR_PORT:-8001} SIMULATOR_PORT=${SIMULATOR_PORT:-12111}
    CONSOLE_PORT=${CONSOLE_PORT:-5555}
    services_broker_ui
    case ${SIMULATOR:-on} in
        on | 1 | true | yes) services_with_simulator ;;
        off | 0 | false | no) services_with_stripe ;;
        *) complain SIMULATOR "is \"$SIMULATOR\", but must be on or off" && return 1 ;;
    esac
}

# services_broker_ui: where RabbitMQ's own pages are, for the console's links: as make deps starts them, on this machine.
services_broker_ui() {
    [ -z "${RABBITMQ_UI:-}" ] && url_parse AMQP "$AMQP_URL" || return 0
    case $AMQP_HOST in localhost | 127.*) RABBITMQ_UI=http://$AMQP_HOST:$((${AMQP_PORT:-5672} + 10000)) ;; esac
}

# services_with_simulator: a Stripe on this machine. It has no rate limit unless told to, so ours is lifted too.
services_with_simulator() {
    SERVICES=("${ALL_SERVICES[@]}")
    keys_make stripe-api-key sk_test_datasync_ && keys_make stripe-webhook-secret whsec_ || return 1
    STRIPE_API_KEY=${STRIPE_API_KEY:-$(cat "$RUN/stripe-api-key")}
    STRIPE_WEBHOOK_SECRET=${STRIPE_WEBHOOK_SECRET:-$(cat "$RUN/stripe-webhook-secret")}
    STRIPE_API_URL=${STRIPE_API_URL:-http://127.0.0.1:$SIMULATOR_PORT}
    RATE_LIMIT=${RATE_LIMIT:-1000}
    ENDPOINT_RATE_LIMIT=${ENDPOINT_RATE_LIMIT:-$RATE_LIMIT}
    CATALOG_SCHEMA=catalog CONNECTOR_SCHEMA=stripe_connector
}

# services_with_stripe: a real account. It gets schemas of its own, so that customers played with at the simulator never meet
# the account's.
services_with_stripe() {
    SERVICES=(catalog stripe-connector console)
    if [ -z "${STRIPE_API_KEY:-}" ] || [ -z "${STRIPE_WEBHOOK_SECRET:-}" ]; then
        complain Stripe 'SIMULATOR=off needs STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET of your account:' \
            '  STRIPE_API_KEY         https://dashboard.stripe.com/test/apikeys' \
            "  STRIPE_WEBHOOK_SECRET  printed by: stripe listen --forward-to localhost:$CONNECTOR_PORT/webhooks/stripe" \
            '  make up SIMULATOR=off STRIPE_API_KEY=sk_test_... STRIPE_WEBHOOK_SECRET=whsec_...'
        return 1
    fi
    [ -z "${RATE_LIMIT:-}" ] || ENDPOINT_RATE_LIMIT=${ENDPOINT_RATE_LIMIT:-$RATE_LIMIT}
    CATALOG_SCHEMA=catalog_real CONNECTOR_SCHEMA=stripe_connector_real
}

# keys_make FILE PREFIX: a random secret, made once and kept.
keys_make() {
    [ -s "$RUN/$1" ] && return 0
    local random
    random=$(head -c 256 /dev/urandom | base64 -w 0 | tr -dc 'A-Za-z0-9' | head -c 43)
    (umask 077 && printf '%s%s\n' "$2" "$random" >"$RUN/$1.new") && mv "$RUN/$1.new" "$RUN/$1"
}

# services_describe: where everything is, for bin/datasync, which finds the file by itself. No secrets.
services_describe() {
    printf '%s\n' "DATASYNC_URL=http://127.0.0.1:$CATALOG_PORT" "DATASYNC_CONNECTORS=http://127.0.0.1:$CONNECTOR_PORT" \
        "STRIPE_API_URL=${STRIPE_API_URL:-https://api.stripe.com}" >"$RUN/datasync.env.new" &&
        mv "$RUN/datasync.env.new" "$RUN/datasync.env"
}

service_port() {
    case $1 in
        catalog) echo "$CATALOG_PORT" ;;
        stripe-connector) echo "$CONNECTOR_PORT" ;;
        stripe-simulator) echo "$SIMULATOR_PORT" ;;
        console) echo "$CONSOLE_PORT" ;;
    esac
}

service_port_variable() {
    case $1 in
        catalog) echo CATALOG_PORT ;;
        stripe-connector) echo CONNECTOR_PORT ;;
        stripe-simulator) echo SIMULATOR_PORT ;;
        console) echo CONSOLE_PORT ;;
    esac
}

# Variables that a service gets as they are, when they are set.
SYSTEM_VARIABLES=(TZ TMPDIR HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy SSL_CERT_FILE
    SSL_CERT_DIR GOMAXPROCS GOMEMLIMIT GODEBUG GOTRACEBACK LOG_LEVEL LOG_FORMAT SHUTDOWN_TIMEOUT
    OTEL_EXPORTER_OTLP_ENDPOINT OTEL_TRACES_SAMPLER_ARG)
CATALOG_VARIABLES=(DATABASE_URL AMQP_URL REMOTES CONFLICT_POLICY CONFLICT_POLICY_FIELDS RABBITMQ_UI)
CONNECTOR_VARIABLES=(DATABASE_URL AMQP_URL STRIPE_API_URL STRIPE_API_KEY STRIPE_WEBHOOK_SECRET WORKERS RATE_LIMIT
    ENDPOINT_RATE_LIMIT CALL_TIMEOUT LEASE DELETE_POLICY ERASE_POLICY SWEEP_EVERY RABBITMQ_UI)
CONSOLE_VARIABLES=(CONSOLE_AUTH CONSOLE_USERS SESSION_LIFETIME OIDC_ISSUER OIDC_CLIENT_ID OIDC_CLIENT_SECRET OIDC_NAME OIDC_ROLE_CLAIM OIDC_ROLES
    ALERT_WEBHOOK_URL ALERT_AFTER_WEBHOOK_SILENCE)
SIMULATOR_VARIABLES=(STRIPE_API_KEY STRIPE_WEBHOOK_SECRET)

# service_environment NAME: sets ENVIRONMENT to everything the service gets, and nothing else reaches it.
service_environment() {
    ENVIRONMENT=("ADDR=127.0.0.1:$(service_port "$1")")
    service_pass "${SYSTEM_VARIABLES[@]}"
    case $1 in
        catalog)
            service_pass "${CATALOG_VARIABLES[@]}"
            ENVIRONMENT+=("DATABASE_SCHEMA=$CATALOG_SCHEMA" "BOOTSTRAP_API_KEY_FILE=$RUN/api-key")
            ;;
        stripe-connector)
            service_pass "${CONNECTOR_VARIABLES[@]}"
            ENVIRONMENT+=("DATABASE_SCHEMA=$CONNECTOR_SCHEMA" "BOOTSTRAP_API_KEY_FILE=$RUN/api-key")
            ;;
        stripe-simulator)
            service_pass "${SIMULATOR_VARIABLES[@]}"
            ENVIRONMENT+=("WEBHOOK_URL=http://127.0.0.1:$CONNECTOR_PORT/webhooks/stripe" "STATE_FILE=$RUN/simulator-state.json")
            ;;
        console)
            service_pass "${CONSOLE_VARIABLES[@]}"
            ENVIRONMENT+=("CATALOG_URL=http://127.0.0.1:$CATALOG_PORT" "CATALOG_API_KEY_FILE=$RUN/api-key"
                "CONNECTORS=stripe=http://127.0.0.1:$CONNECTOR_PORT" "LOGIN_LINK_FILE=$RUN/console-login" "ALERT_MEMORY_FILE=$RUN/console-alerts.json")
            ;;
    esac
}

service_pass() {
    local name
    for name in "$@"; do
        [ -z "${!name:-}" ] || ENVIRONMENT+=("$name=${!name}")
    done
}

# services_build: the binaries of SERVICES, and the command line, into bin/. Without version stamping: it would fail in a clone that git does not
# trust, and would make each commit a reason to restart.
services_build() {
    local name packages=(./cmd/datasync)
    for name in "${SERVICES[@]}"; do packages+=("./services/$name/cmd/$name"); done
    mkdir -p "$TOP/bin"
    (cd "$TOP" && go build -trimpath -buildvcs=false -o bin/ "${packages[@]}") 9>&-
}

# service_fingerprint NAME: of binary and environment: when it moves, the service must be restarted. Only a hash is stored.
service_fingerprint() {
    service_environment "$1"
    { sha256sum <"$TOP/bin/$1" && printf '%s\n' "${ENVIRONMENT[@]}" && cat "$RUN/api-key"; } | sha256sum | cut -d ' ' -f 1
}

# service_pid NAME: prints the pid of our running service. The command line must be our binary's full path.
service_pid() {
    local pid
    pid=$(cat "$RUN/pids/$1.pid" 2>/dev/null) && [ -n "$pid" ] || return 1
    [ "$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | head -n 1)" = "$TOP/bin/$1" ] && ! process_gone "$pid" && echo "$pid"
}

# service_current NAME: it runs, with this binary and this configuration.
service_current() {
    service_pid "$1" >/dev/null && [ "$(cat "$RUN/pids/$1.config" 2>/dev/null)" = "$(service_fingerprint "$1")" ]
}

# service_start NAME: in a session of its own, so that Ctrl-C reaches only the script and the order of stopping holds.
service_start() {
    local name=$1 port log=$RUN/logs/$1.log
    port=$(service_port "$name")
    if port_open 127.0.0.1 "$port"; then
        complain "$name" "port $port is taken by another program. Stop it, or choose another port: make ${GOAL:-up} $(service_port_variable "$name")=..."
        return 1
    fi
    service_environment "$name"
    mkdir -p "$RUN/logs" "$RUN/pids"
    [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -lt 50000000 ] || mv "$log" "$log.1"
    (umask 077 && : >>"$log")
    stat -c %s "$log" >"$RUN/pids/$name.log-from"
    (
        local variable
        for variable in $(compgen -e); do unset "$variable"; done
        for variable in "${ENVIRONMENT[@]}"; do export "${variable?}"; done
        cd / && exec 9>&- && exec /usr/bin/setsid "$TOP/bin/$name"
    ) </dev/null >>"$log" 2>&1 &
    echo $! >"$RUN/pids/$name.pid"
    disown # we watch it by its pid; bash need not tell how it ended
    service_fingerprint "$name" >"$RUN/pids/$name.config"
}

# service_wait NAME: until it is ready; shows the end of its log when it ends or takes too long.
service_wait() {
    local name=$1 pid
    pid=$(cat "$RUN/pids/$name.pid")
    # shellcheck disable=SC2317 # called through wait_until
    service_settled() { http_ready "$(service_port "$name")" || process_gone "$pid" || [ -n "${STOPPING:-}" ]; }
    if wait_until "${START_TIMEOUT:-60}" service_settled && ! process_gone "$pid"; then
        [ -z "${STOPPING:-}" ]
        return
    fi
    [ -z "${STOPPING:-}" ] || return 1
    if process_gone "$pid"; then
        complain "$name" 'ended while starting'
    else
        complain "$name" "is not ready after ${START_TIMEOUT:-60} s: http://127.0.0.1:$(service_port "$name")/readyz?verbose"
    fi
    service_log_end "$name"
    return 1
}

# service_log_end NAME: what it wrote since its last start.
service_log_end() {
    tail -c "+$(($(cat "$RUN/pids/$1.log-from" 2>/dev/null || echo 0) + 1))" "$RUN/logs/$1.log" 2>/dev/null | tail -n 20 |
        sed 's/^/      | /' >&2
}

# service_stop NAME: SIGTERM, and SIGKILL only after its own deadline is well over.
service_stop() {
    local name=$1 pid
    if pid=$(service_pid "$name"); then
        kill -TERM "$pid"
        if wait_until "${STOP_TIMEOUT:-25}" process_gone "$pid"; then
            say "$name" stopped
        else
            kill -KILL "$pid"
            wait_until 5 process_gone "$pid"
            complain "$name" "did not stop within ${STOP_TIMEOUT:-25} s and was killed"
        fi
    fi
    rm -f "$RUN/pids/$name."*
}

# services_stop NAME...: in the reverse of the order given.
services_stop() {
    local i
    for ((i = $#; i > 0; i--)); do service_stop "${!i}"; done
}

# service_page NAME: where a person looks.
service_page() {
    local url
    url=http://localhost:$(service_port "$1")
    case $1 in
        catalog) echo "$url/v1/customers, documentation at $url/docs" ;;
        stripe-connector) echo "$url, webhooks at $url/webhooks/stripe" ;;
        stripe-simulator) echo "$url, edit customers by hand at $url/" ;;
        console) echo "$url/dashboard" ;;
    esac
}

# services_key: the ready-made API key and a command that uses it, and the link that logs in to the console once.
services_key() {
    [ ! -s "$RUN/console-login" ] || say 'log in' "to the console, once: $(cat "$RUN/console-login")"
    say 'API key' "in .run/api-key: curl localhost:$CATALOG_PORT/v1/customers -H \"Authorization: Bearer \$(cat .run/api-key)\""
}
