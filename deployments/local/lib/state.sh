# Where servers of our own keep their data, and the marker that says it is ours.

MARKER=datasync-local

# state_base: as root /var/lib/datasync, because the servers' users cannot enter a clone below /root; else .run/deps.
state_base() {
    if is_root; then echo /var/lib/datasync; else echo "$RUN/deps"; fi
}

# state_claim PART DIR USER: makes DIR for PART, or accepts it when its marker says that we made it. Never takes over a
# directory that is somebody else's.
state_claim() {
    local part=$1 dir=$2 user=$3
    if [ -e "$dir" ]; then
        [ "$(cat "$dir/$MARKER" 2>/dev/null)" = "$part" ] && return 0
        if [ -n "$(ls -A "$dir" 2>/dev/null)" ]; then
            complain "$part" "$dir exists but was not made by make deps, so it stays as it is." \
                "Move it away, or name another port in the URL to get another directory."
            return 1
        fi
    fi
    mkdir -p "$(dirname "$dir")" && mkdir -p -m 0700 "$dir" && chmod 0700 "$dir" || return 1
    if is_root; then chown "$user:" "$dir" || return 1; fi
    printf '%s\n' "$part" >"$dir/$MARKER"
}

# state_ours PART DIR: the directory is there and ours.
state_ours() {
    [ "$(cat "$2/$MARKER" 2>/dev/null)" = "$1" ]
}
