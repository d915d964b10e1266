# Ports, waiting, and running things as another user. Only bash, coreutils and util-linux: a bare machine has no more.

# port_open HOST PORT: something accepts connections there.
port_open() {
    (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
}

# wait_until SECONDS COMMAND...: true as soon as the command is; false when the time is over.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

is_root() {
    [ "$(id -u)" = 0 ]
}

# root_prefix: sets ROOT to the words that run a command as root, or returns false when there is no way.
root_prefix() {
    ROOT=()
    is_root && return 0
    command -v sudo >/dev/null 2>&1 || return 1
    if sudo -n true 2>/dev/null; then
        ROOT=(sudo -n)
    elif [ -t 0 ] && [ -t 2 ]; then
        ROOT=(sudo)
    else
        return 1
    fi
}

# as_user USER COMMAND...: servers refuse to run as root, so root steps down to USER; anybody else runs it as themselves.
# Works from / because the user may not be allowed to enter the clone (one below /root, for example).
as_user() {
    (exec_as_user "$@")
}

# exec_as_user USER COMMAND...: the same in place of the calling shell; for what runs on in the background.
exec_as_user() {
    local user=$1
    shift
    if is_root; then
        cd / && exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"
    else
        exec "$@"
    fi
}

# process_has PID TEXT: the process lives and its command line or environment contains TEXT. A pid alone proves nothing:
# the system hands it out again.
process_has() {
    [ -n "$1" ] && [ -r "/proc/$1/cmdline" ] || return 1
    tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$2" && return 0
    tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | grep -qF -- "$2"
}

# process_gone PID: it does not run any more (a zombie does not). Builtins only, because it is asked often.
process_gone() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    stat=${stat##*) }
    [ "${stat:0:1}" = Z ]
}

# process_born PID: when it started, in the kernel's ticks; together with the pid it names one process for ever.
process_born() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    cut -d ' ' -f 20 <<<"$stat"
}
