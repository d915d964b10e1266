# HTTP to services on this machine with nothing but bash, because a bare Debian has no curl.

# http_request METHOD URL BODY [HEADER...]: sets HTTP_STATUS and HTTP_BODY; false when nobody answers in time.
http_request() {
    local method=$1 url=$2 body=$3 answer
    shift 3
    url_parse HTTP_URL "$url" || return 1
    answer=$(
        export LC_ALL=C
        {
            printf '%s /%s HTTP/1.0\r\nHost: %s:%s\r\n' "$method" "${url#*://*/}" "$HTTP_URL_HOST" "$HTTP_URL_PORT"
            [ "$#" = 0 ] || printf '%s\r\n' "$@"
            printf 'Content-Length: %d\r\nConnection: close\r\n\r\n%s' "${#body}" "$body"
        } | timeout "${HTTP_TIMEOUT:-10}" bash -c 'exec 3<>"/dev/tcp/$0/$1" && cat >&3 && cat <&3' \
            "$HTTP_URL_HOST" "$HTTP_URL_PORT" 2>/dev/null
    ) || return 1
    HTTP_STATUS=${answer#* } HTTP_STATUS=${HTTP_STATUS%%[!0-9]*}
    HTTP_BODY=${answer#*$'\r\n\r\n'}
    [ -n "$HTTP_STATUS" ]
}

# http_ready PORT: the service's /readyz says 200.
http_ready() {
    HTTP_TIMEOUT=5 http_request GET "http://127.0.0.1:$1/readyz" '' && [ "$HTTP_STATUS" = 200 ]
}
