# RabbitMQ for AMQP_URL: what listens already, else Docker, else Debian's package with a node of our own. Tests make virtual
# hosts through the management plugin, so that must be there too.

# rabbitmq_up: one line about what is used, or what to do; false when there is no broker.
rabbitmq_up() {
    rabbitmq_read_url || return 1
    local reason status=0
    reason=$(rabbitmq_login) || status=$?
    if [ "$status" = 0 ]; then
        rabbitmq_found
        return
    fi
    if port_open "$MQ_HOST" "$MQ_PORT"; then
        # Without an answer it may be starting still; a refusal (2) is final.
        [ "$status" = 2 ] || { wait_until 20 rabbitmq_answers && { rabbitmq_found; return; }; }
        complain RabbitMQ "something listens at $MQ_HOST:$MQ_PORT, but $MQ_USER cannot log in (${reason:-it does not speak AMQP, or too slowly})." \
            "  rabbitmqctl add_user NAME PASSWORD && rabbitmqctl set_permissions -p '$MQ_VHOST' NAME '.*' '.*' '.*'" \
            "or name another broker: make ${GOAL:-deps} AMQP_URL=amqp://user:password@host:port/"
        return 1
    fi
    if ! url_loopback "$MQ_HOST" || [ "$AMQP_SCHEME" != amqp ]; then
        complain RabbitMQ "nothing answers at $MQ_HOST:$MQ_PORT, and only a plain broker on this machine can be started for you."
        return 1
    fi
    if docker_up rabbitmq RABBITMQ_PORT="$MQ_PORT" RABBITMQ_MANAGEMENT_PORT="$MQ_MANAGEMENT" \
        RABBITMQ_PROMETHEUS_PORT="$MQ_PROMETHEUS" RABBITMQ_USER="$MQ_USER" \
        RABBITMQ_PASSWORD="$MQ_PASSWORD" RABBITMQ_VHOST="$MQ_VHOST"; then
        say RabbitMQ "started with Docker, $(rabbitmq_where)"
        return 0
    fi
    rabbitmq_packages && rabbitmq_own
}

# rabbitmq_down: stops our own node, or the container that we started; never anybody else's.
rabbitmq_down() {
    rabbitmq_read_url || return 1
    local pid
    if docker_down rabbitmq; then
        say RabbitMQ 'container stopped; its volume stays'
    elif state_ours rabbitmq "$MQ_DIR" && pid=$(rabbitmq_own_pid); then
        kill -TERM "$pid" && wait_until 60 process_gone "$pid" || {
            complain RabbitMQ "process $pid did not stop within a minute"
            return 1
        }
        rabbitmq_epmd_down
        say RabbitMQ "stopped; its data stays in $MQ_DIR"
    else
        say RabbitMQ 'nothing of ours runs'
    fi
}

rabbitmq_read_url() {
    if ! url_parse AMQP "$AMQP_URL"; then
        complain RabbitMQ 'AMQP_URL must look like amqp://user:password@host:5672/'
        return 1
    fi
    MQ_HOST=$AMQP_HOST MQ_USER=${AMQP_USER:-guest} MQ_PASSWORD=${AMQP_PASSWORD:-guest} MQ_VHOST=${AMQP_PATH:-/}
    MQ_PORT=${AMQP_PORT:-5672}
    MQ_MANAGEMENT=$((MQ_PORT + 10000))
    if [ -n "${AMQP_MANAGEMENT_URL:-}" ] && url_parse MQURL "$AMQP_MANAGEMENT_URL"; then MQ_MANAGEMENT=${MQURL_PORT:-$MQ_MANAGEMENT}; fi
    MQ_PROMETHEUS=$((MQ_MANAGEMENT + 20)) # 15692, where Prometheus looks for it
    MQ_DIR=$(state_base)/rabbitmq-$MQ_PORT
    MQ_NODE=datasync@localhost
    [ "$MQ_PORT" = 5672 ] || MQ_NODE=datasync-$MQ_PORT@localhost
}

rabbitmq_where() { printf '%s:%s, management at http://%s:%s' "$MQ_HOST" "$MQ_PORT" "$MQ_HOST" "$MQ_MANAGEMENT"; }

# rabbitmq_login: true when the broker takes our login; else prints why not. With TLS only the port can be seen from here.
rabbitmq_login() {
    if [ "$AMQP_SCHEME" = amqps ]; then
        port_open "$MQ_HOST" "$MQ_PORT"
        return
    fi
    AMQP_HOST=$MQ_HOST AMQP_PORT=$MQ_PORT AMQP_USER=$MQ_USER AMQP_PASSWORD=$MQ_PASSWORD AMQP_VHOST=$MQ_VHOST \
        timeout 15 bash "$LOCAL/lib/amqp-login.sh" 2>/dev/null
}

rabbitmq_answers() { rabbitmq_login >/dev/null; }

# rabbitmq_manages: the management API takes our login.
rabbitmq_manages() {
    local login
    login=$(printf '%s:%s' "$MQ_USER" "$MQ_PASSWORD" | base64 -w 0)
    # shellcheck disable=SC2016 # expanded by the inner bash
    timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1" &&
        printf "GET /api/whoami HTTP/1.0\r\nHost: %s\r\nAuthorization: Basic %s\r\n\r\n" "$0" "$2" >&3 &&
        read -r line <&3 && [[ $line == *" 200 "* ]]' "$MQ_HOST" "$MQ_MANAGEMENT" "$login" 2>/dev/null
}

# rabbitmq_found: a broker answers; say whose it is and whether the management plugin is there.
rabbitmq_found() {
    local whose='the broker that listens already'
    if state_ours rabbitmq "$MQ_DIR" && rabbitmq_own_pid >/dev/null; then whose='our own node'; fi
    if rabbitmq_manages; then
        say RabbitMQ "$whose, $(rabbitmq_where)"
        return 0
    fi
    say RabbitMQ "$whose, $MQ_HOST:$MQ_PORT"
    hint "its management API does not answer $MQ_USER at http://$MQ_HOST:$MQ_MANAGEMENT: the services run, but the tests need it."
    hint "On the broker: rabbitmq-plugins enable rabbitmq_management (and the user tag administrator for $MQ_USER)"
}

rabbitmq_user() { if is_root; then echo rabbitmq; else id -un; fi; }

# rabbitmq_find: Debian's start script itself; the one in PATH insists on root or the user rabbitmq. RABBITMQ_BIN names the
# directory of another version's.
rabbitmq_find() {
    MQ_BIN=${RABBITMQ_BIN:-/usr/lib/rabbitmq/bin}
    MQ_SERVER=$MQ_BIN/rabbitmq-server
    [ -x "$MQ_SERVER" ]
}

# rabbitmq_packages: installed when missing. The package would start a node of its own, now and at every boot.
rabbitmq_packages() {
    rabbitmq_find && return 0
    if [ -n "${RABBITMQ_BIN:-}" ]; then
        complain RabbitMQ "there is no rabbitmq-server in RABBITMQ_BIN=$RABBITMQ_BIN"
        return 1
    fi
    if ! packages_possible; then
        complain RabbitMQ "nothing answers at $MQ_HOST:$MQ_PORT. Do one of these and try again:" \
            "- start a Docker engine (with the compose plugin)" \
            "- install the broker: apt-get install rabbitmq-server (Debian, Ubuntu), as root" \
            "- name a broker: make ${GOAL:-deps} AMQP_URL=amqp://user:password@host:port/"
        return 1
    fi
    hint 'installing the Debian package rabbitmq-server ...'
    packages_quietly packages_install rabbitmq-server && rabbitmq_find || {
        complain RabbitMQ 'installing the package rabbitmq-server failed (see above)'
        return 1
    }
    "${ROOT[@]}" update-rc.d rabbitmq-server disable >/dev/null 2>&1
    return 0
}

# rabbitmq_own: our own node with its own directories, name and plugins, on the loopback port that the URL names.
rabbitmq_own() {
    state_claim rabbitmq "$MQ_DIR" "$(rabbitmq_user)" || return 1
    rabbitmq_configure || return 1
    if rabbitmq_started && wait_until 20 rabbitmq_manages; then
        say RabbitMQ "started our own node $MQ_NODE, $(rabbitmq_where), data in $MQ_DIR"
        return 0
    fi
    complain RabbitMQ "the node in $MQ_DIR did not start"
    last_lines "$MQ_DIR/start.log" 15
    last_lines "$MQ_DIR/log/$MQ_NODE.log" 15
    return 1
}

# rabbitmq_started: a node that ends while it starts is started again, as a supervisor would. Where all nodes of a cluster start
# at once, one may give up because it met another too early.
rabbitmq_started() {
    rabbitmq_own_pid >/dev/null || rabbitmq_start
    local again
    for again in yes yes no; do
        wait_until 180 rabbitmq_settled || return 1
        rabbitmq_answers && return 0
        [ "$again" = no ] || rabbitmq_start
    done
    return 1
}

# rabbitmq_configure: written at each start, so that a newer version of these lines takes effect. The limits let it run on a
# small machine: by default it wants 50 MB of free disk and lets its log of quorum queues grow to half a gigabyte.
rabbitmq_configure() {
    mkdir -p "$MQ_DIR/log" "$MQ_DIR/mnesia" || return 1
    echo '[rabbitmq_management,rabbitmq_prometheus].' >"$MQ_DIR/enabled_plugins"
    cat >"$MQ_DIR/rabbitmq.conf" <<CONF || return 1
# Written by make deps.
listeners.tcp.1 = 127.0.0.1:$MQ_PORT
management.tcp.ip = 127.0.0.1
management.tcp.port = $MQ_MANAGEMENT
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $MQ_PROMETHEUS
default_user = $MQ_USER
default_pass = $MQ_PASSWORD
default_vhost = $MQ_VHOST
disk_free_limit.absolute = 20MB
raft.wal_max_size_bytes = 67108864
log.file.level = info
CONF
    if is_root; then chown -R "$(rabbitmq_user):" "$MQ_DIR" && chown root: "$MQ_DIR/$MARKER"; fi
}

# rabbitmq_start: with a clean environment, so that neither /etc/rabbitmq nor the caller's RABBITMQ_* reach our node, and in a
# session of its own, so that Ctrl-C on `make run` does not stop it.
rabbitmq_start() {
    port_open 127.0.0.1 4369 || : >"$MQ_DIR/epmd-is-ours"
    ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    exec_as_user "$(rabbitmq_user)" setsid env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        HOME="$MQ_DIR" ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_NODENAME="$MQ_NODE" RABBITMQ_BASE="$MQ_DIR" \
        RABBITMQ_MNESIA_BASE="$MQ_DIR/mnesia" RABBITMQ_LOG_BASE="$MQ_DIR/log" RABBITMQ_PID_FILE="$MQ_DIR/pid" \
        RABBITMQ_CONFIG_FILE="$MQ_DIR/rabbitmq.conf" RABBITMQ_ADVANCED_CONFIG_FILE="$MQ_DIR/advanced.config" \
        RABBITMQ_CONF_ENV_FILE="$MQ_DIR/rabbitmq-env.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$MQ_DIR/enabled_plugins" \
        RABBITMQ_DIST_PORT=$((MQ_PORT + 20000)) \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
        "$MQ_SERVER" </dev/null >"$MQ_DIR/start.log" 2>&1 9>&- &
    MQ_STARTED=$!
}

# rabbitmq_settled: it answers, or its process is over and waiting on would be in vain.
rabbitmq_settled() {
    rabbitmq_answers || { [ -n "${MQ_STARTED:-}" ] && process_gone "$MQ_STARTED"; }
}

rabbitmq_own_pid() {
    local pid
    [ -r "$MQ_DIR/pid" ] && pid=$(tr -d '[:space:]' <"$MQ_DIR/pid") || return 1
    process_has "$pid" "$MQ_DIR" && printf '%s' "$pid"
}

# rabbitmq_epmd_down: Erlang's name server came with our node; it refuses to stop while any other node uses it.
rabbitmq_epmd_down() {
    [ -e "$MQ_DIR/epmd-is-ours" ] && command -v epmd >/dev/null 2>&1 || return 0
    epmd -kill >/dev/null 2>&1
    rm -f "$MQ_DIR/epmd-is-ours"
}
