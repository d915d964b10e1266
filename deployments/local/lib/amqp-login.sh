#!/usr/bin/env bash
# Logs in to an AMQP 0-9-1 broker with nothing but bash and coreutils, so that a machine without any client can tell whether
# AMQP_HOST:AMQP_PORT takes AMQP_USER, AMQP_PASSWORD and the virtual host AMQP_VHOST. Call it under `timeout`.
# Exit status: 0 logged in, 2 refused (the reason is printed), 1 no AMQP broker answered.
export LC_ALL=C

hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
short_string() { printf '%02x' "${#1}" && hex "$1"; }

# send_method CLASS+METHOD+ARGUMENTS (hex): one method frame on channel 0.
send_method() {
    local frame
    printf -v frame '010000%08x%sce' $((${#1} / 2)) "$1"
    printf '%b' "$(sed 's/../\\x&/g' <<<"$frame")" >&3
}

# receive: the payload of the next frame as decimal bytes in FRAME; false when the broker hung up.
receive() {
    local head
    read -r -a head -d '' < <(head -c 7 <&3 | od -An -v -tu1)
    [ "${#head[@]}" = 7 ] && [ "${head[0]}" = 1 ] || return 1
    local size=$(((head[3] << 24) + (head[4] << 16) + (head[5] << 8) + head[6]))
    read -r -a FRAME -d '' < <(head -c "$((size + 1))" <&3 | od -An -v -tu1)
    [ "${#FRAME[@]}" = "$((size + 1))" ]
}

# is CLASS METHOD: the frame that came is this method.
is() { [ "${FRAME[0]}${FRAME[1]}.${FRAME[2]}${FRAME[3]}" = "0$1.0$2" ]; }

# refuse: prints the broker's own words when it closed the connection with some.
refuse() {
    if is 10 50; then
        printf '%b' "$(printf '\\x%02x' "${FRAME[@]:7:${FRAME[6]}}")"
    else
        printf 'the login was refused'
    fi
    exit 2
}

exec 3<>"/dev/tcp/$AMQP_HOST/$AMQP_PORT" || exit 1
printf 'AMQP\x00\x00\x09\x01' >&3
receive && is 10 10 || exit 1

login="00$(hex "$AMQP_USER")00$(hex "$AMQP_PASSWORD")"
send_method "000a000b00000000$(short_string PLAIN)$(printf '%08x' $((${#login} / 2)))$login$(short_string en_US)"
receive && is 10 30 || refuse

send_method "000a001f$(printf '%02x' "${FRAME[@]:4:8}")" # tune-ok: the broker's own values
send_method "000a0028$(short_string "$AMQP_VHOST")0000"
receive && is 10 41 || refuse
send_method 000a003200c80000000000 # close, so that the broker does not log a client that vanished
receive
exit 0
