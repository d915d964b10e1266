# Installing Debian packages so that none of them starts a server of its own on our ports.

POLICY=/usr/sbin/policy-rc.d

# packages_possible: this machine has apt and we may use it.
packages_possible() {
    command -v apt-get >/dev/null 2>&1 && root_prefix
}

# packages_install PACKAGE...: quietly; the log is shown when it fails.
packages_install() {
    local log result=0
    log=$(mktemp)
    (
        set -e
        export DEBIAN_FRONTEND=noninteractive
        "${ROOT[@]}" apt-get update -q
        "${ROOT[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
    ) </dev/null >"$log" 2>&1 9>&- || result=1
    [ "$result" = 0 ] || last_lines "$log" 20
    rm -f "$log"
    return "$result"
}

# packages_quietly COMMAND...: runs it while no freshly installed service may start (Debian's policy-rc.d), and takes the
# policy away afterwards. A policy that is there already belongs to somebody else and stays.
packages_quietly() {
    local ours='' result=0
    if [ ! -e "$POLICY" ]; then
        printf '#!/bin/sh\n# Written by DataSync during an installation; removed right after it.\nexit 101\n' |
            "${ROOT[@]}" sh -c "cat >$POLICY && chmod 755 $POLICY" && ours=1
    fi
    "$@" || result=$?
    [ -z "$ours" ] || "${ROOT[@]}" rm -f "$POLICY"
    return "$result"
}
