# What people read: one plain line per part, colour only on a terminal.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
    BOLD='' DIM='' RED='' PLAIN=''
fi

# say PART TEXT: what was done or used for one part.
say() {
    printf '  %s%-17s%s %s\n' "$BOLD" "$1" "$PLAIN" "$2"
}

# hint TEXT: a detail below the line before it.
hint() {
    printf '  %-17s %s%s%s\n' '' "$DIM" "$1" "$PLAIN"
}

# complain PART TEXT [LINE...]: what is wrong and, line by line, what to do about it.
complain() {
    printf '  %s%-17s %s%s\n' "$RED" "$1" "$2" "$PLAIN" >&2
    shift 2
    local line
    for line in "$@"; do
        printf '  %-17s %s\n' '' "$line" >&2
    done
}

# last_lines FILE COUNT: the end of a log, indented, for the reader of a failure.
last_lines() {
    [ -s "$1" ] || return 0
    printf '  %-17s last lines of %s:\n' '' "$1" >&2
    tail -n "$2" "$1" | sed 's/^/      | /' >&2
}
