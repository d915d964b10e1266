# PostgreSQL for DATABASE_URL: what listens already, else Docker, else Debian's packages with a data directory of our own.

# postgres_up: one line about what is used, or what to do; false when there is no database.
postgres_up() {
    postgres_read_url || return 1
    if postgres_answers; then
        say PostgreSQL "$(postgres_whose), $(postgres_where)"
        return 0
    fi
    if port_open "$PG_HOST" "$PG_PORT"; then
        postgres_prepare_foreign
        return
    fi
    if ! url_loopback "$PG_HOST"; then
        complain PostgreSQL "nothing answers at $(postgres_where), and a server on another machine is yours to start."
        return 1
    fi
    if docker_up postgres POSTGRES_PORT="$PG_PORT" POSTGRES_USER="$PG_USER" POSTGRES_PASSWORD="$PG_PASSWORD" \
        POSTGRES_DB="$PG_DATABASE"; then
        say PostgreSQL "started with Docker, $(postgres_where)"
        return 0
    fi
    postgres_packages && postgres_own
}

# postgres_down: stops our own server, or the container that we started; never anybody else's.
postgres_down() {
    postgres_read_url || return 1
    if docker_down postgres; then
        say PostgreSQL 'container stopped; its volume stays'
    elif state_ours postgres "$PG_DIR" && postgres_own_runs && postgres_find; then
        if as_user "$(postgres_user)" "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -m fast -w -t 60 stop >/dev/null; then
            say PostgreSQL "stopped; its data stays in $PG_DIR"
        else
            complain PostgreSQL "could not stop the server in $PG_DIR"
            return 1
        fi
    else
        say PostgreSQL 'nothing of ours runs'
    fi
}

postgres_read_url() {
    if ! url_parse PGURL "$DATABASE_URL" || [ -z "$PGURL_USER" ] || [ -z "$PGURL_PATH" ]; then
        complain PostgreSQL 'DATABASE_URL must look like postgres://user:password@host:5432/database?sslmode=disable'
        return 1
    fi
    PG_HOST=$PGURL_HOST PG_PORT=${PGURL_PORT:-5432} PG_USER=$PGURL_USER PG_PASSWORD=$PGURL_PASSWORD
    PG_DATABASE=$PGURL_PATH PG_SSLMODE=$(url_query "$PGURL_QUERY" sslmode prefer)
    PG_DIR=$(state_base)/postgres-$PG_PORT
}

postgres_where() { printf '%s:%s, database %s' "$PG_HOST" "$PG_PORT" "$PG_DATABASE"; }

postgres_whose() {
    if state_ours postgres "$PG_DIR" && postgres_own_runs; then
        printf 'our own server'
    else
        printf 'the server that listens already'
    fi
}

# The servers of Debian's packages run as postgres when we are root, otherwise as ourselves.
postgres_user() { if is_root; then echo postgres; else id -un; fi; }

# postgres_find: sets PG_BIN to the newest installed version, or the one that made our data directory.
postgres_find() {
    local version='' dir
    [ ! -r "$PG_DIR/data/PG_VERSION" ] || version=$(cat "$PG_DIR/data/PG_VERSION")
    PG_BIN=''
    if [ -n "$version" ]; then
        [ ! -x "/usr/lib/postgresql/$version/bin/postgres" ] || PG_BIN=/usr/lib/postgresql/$version/bin
    else
        for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
            [ ! -x "$dir/postgres" ] || PG_BIN=$dir
        done
    fi
    [ -n "$PG_BIN" ]
}

# postgres_psql ARGS...: psql by its full path, because Debian's wrapper in PATH is slow and looks for clusters.
postgres_psql() {
    local psql
    psql=$(printf '%s\n' /usr/lib/postgresql/*/bin/psql | sort -V | tail -n 1)
    [ -x "$psql" ] || psql=$(command -v psql) || return 127
    "$psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# postgres_answers: our role can log in to our database. Without psql on this machine only "a PostgreSQL server answers" can
# be seen; a refused login would then show when the services start.
postgres_answers() {
    PGPASSWORD=$PG_PASSWORD PGSSLMODE=$PG_SSLMODE PGCONNECT_TIMEOUT=3 \
        postgres_psql -h "$PG_HOST" -p "$PG_PORT" -U "$PG_USER" -d "$PG_DATABASE" -c 'select 1' >/dev/null 2>&1
    local result=$?
    [ "$result" = 127 ] || return "$result"
    postgres_speaks
}

# postgres_speaks: what listens answers PostgreSQL's SSLRequest as PostgreSQL does, with S or N.
postgres_speaks() {
    local answer
    # shellcheck disable=SC2016 # expanded by the inner bash
    answer=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "\x00\x00\x00\x08\x04\xd2\x16\x2f" >&3 && head -c 1 <&3' \
        "$PG_HOST" "$PG_PORT" 2>/dev/null)
    [ "$answer" = S ] || [ "$answer" = N ]
}

# postgres_prepare_foreign: a server listens but our role or database is missing. As root we may ask its superuser, who is
# known by the operating system's user (peer), to add exactly these two; nothing that exists is changed.
postgres_prepare_foreign() {
    wait_until 5 postgres_answers && { say PostgreSQL "$(postgres_whose), $(postgres_where)"; return 0; }
    if url_loopback "$PG_HOST" && postgres_create_role; then
        say PostgreSQL "the server that listens already, $(postgres_where) (added what was missing of role and database)"
        return 0
    fi
    complain PostgreSQL "something listens at $PG_HOST:$PG_PORT, but $PG_USER cannot log in to $PG_DATABASE. As its superuser run:" \
        "  CREATE ROLE \"$PG_USER\" LOGIN PASSWORD '...';   (or ALTER ROLE, if it is there with another password)" \
        "  CREATE DATABASE \"$PG_DATABASE\" OWNER \"$PG_USER\";" \
        "or name another server: make ${GOAL:-deps} DATABASE_URL=postgres://user:password@host:port/database"
    return 1
}

# postgres_create_role: the statements as the local superuser; psql quotes the names and the password.
postgres_create_role() {
    root_prefix && id postgres >/dev/null 2>&1 || return 1
    local psql
    psql=$(printf '%s\n' /usr/lib/postgresql/*/bin/psql | sort -V | tail -n 1)
    [ -x "$psql" ] || return 1
    (cd / && "${ROOT[@]}" setpriv --reuid=postgres --regid=postgres --init-groups \
        "$psql" -X -q -v ON_ERROR_STOP=1 -p "$PG_PORT" -d postgres \
        -v role="$PG_USER" -v password="$PG_PASSWORD" -v database="$PG_DATABASE" >/dev/null 2>&1) <<'SQL' || return 1
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', :'role', :'password')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SQL
    postgres_answers
}

# postgres_packages: the server's programs, installed when they are missing. Debian would create and start a cluster on port
# 5432 at once; create_main_cluster tells it not to.
postgres_packages() {
    postgres_find && return 0
    if [ -r "$PG_DIR/data/PG_VERSION" ]; then
        complain PostgreSQL "the data in $PG_DIR was made by PostgreSQL $(cat "$PG_DIR/data/PG_VERSION"), whose programs are gone." \
            "Install postgresql-$(cat "$PG_DIR/data/PG_VERSION"), or name another port in DATABASE_URL to start afresh."
        return 1
    fi
    if ! packages_possible; then
        complain PostgreSQL "nothing answers at $(postgres_where). Do one of these and try again:" \
            "- start a Docker engine (with the compose plugin)" \
            "- install the server: apt-get install postgresql (Debian, Ubuntu), as root" \
            "- name a server: make ${GOAL:-deps} DATABASE_URL=postgres://user:password@host:port/database"
        return 1
    fi
    hint 'installing the Debian package postgresql ...'
    local drop_in=/etc/postgresql-common/createcluster.d/zz-datasync.conf
    "${ROOT[@]}" mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' | "${ROOT[@]}" tee "$drop_in" >/dev/null
    packages_quietly packages_install postgresql
    local result=$?
    "${ROOT[@]}" rm -f "$drop_in"
    [ "$result" = 0 ] && postgres_find && return 0
    complain PostgreSQL 'installing the package postgresql failed (see above)'
    return 1
}

# postgres_own: our own server on the loopback port that the URL names.
postgres_own() {
    local user
    user=$(postgres_user)
    state_claim postgres "$PG_DIR" "$user" || return 1
    postgres_init "$user" || return 1
    if ! postgres_own_runs; then
        as_user "$user" "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -l "$PG_DIR/server.log" -w -t 60 start >/dev/null 2>&1 </dev/null 9>&- || {
            complain PostgreSQL "the server in $PG_DIR did not start"
            last_lines "$PG_DIR/server.log" 10
            return 1
        }
    fi
    postgres_own_role && wait_until 10 postgres_answers || {
        complain PostgreSQL "our own server runs, but $PG_USER cannot log in. Its log: $PG_DIR/server.log"
        return 1
    }
    say PostgreSQL "started our own server, $(postgres_where), data in $PG_DIR"
}

postgres_own_runs() {
    local pid
    pid=$(head -n 1 "$PG_DIR/data/postmaster.pid" 2>/dev/null) || return 1
    process_has "$pid" "$PG_DIR/data"
}

# postgres_init USER: a new cluster beside its final place, moved there when it is complete: an interrupted start leaves no
# half of one. No Unix socket: its path would be too long for some clones, and the loopback port is enough.
postgres_init() {
    local user=$1 fresh
    [ -d "$PG_DIR/data" ] && return 0
    fresh=$(as_user "$user" mktemp -d "$PG_DIR/new.XXXXXX") || return 1
    (umask 077 && head -c 32 /dev/urandom | base64 >"$PG_DIR/superuser-password") || return 1
    if is_root; then chown "$user:" "$PG_DIR/superuser-password"; fi
    as_user "$user" "$PG_BIN/initdb" -D "$fresh/data" -U postgres --pwfile="$PG_DIR/superuser-password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >"$PG_DIR/initdb.log" 2>&1 </dev/null || {
        complain PostgreSQL 'a new cluster could not be made'
        last_lines "$PG_DIR/initdb.log" 10
        return 1
    }
    cat >>"$fresh/data/postgresql.conf" <<CONF

# DataSync, for development and tests: this machine only, enough connections for parallel tests.
listen_addresses = '127.0.0.1'
port = $PG_PORT
unix_socket_directories = ''
max_connections = 300
CONF
    mv "$fresh/data" "$PG_DIR/data" && rmdir "$fresh"
}

# postgres_own_role: role and database of the URL in our own cluster.
postgres_own_role() {
    postgres_answers && return 0
    PGPASSWORD=$(cat "$PG_DIR/superuser-password") postgres_psql -h 127.0.0.1 -p "$PG_PORT" -U postgres -d postgres \
        -v role="$PG_USER" -v password="$PG_PASSWORD" -v database="$PG_DATABASE" <<'SQL' >>"$PG_DIR/initdb.log" 2>&1
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'role', :'password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SQL
}
