# Reading the parts of a connection URL with nothing but bash.

# url_parse NAME URL: sets NAME_SCHEME, _USER, _PASSWORD, _HOST, _PORT, _PATH (decoded, without the first slash) and _QUERY.
url_parse() {
    local name=$1 url=$2 scheme rest login='' host port='' path='' query=''
    case $url in *://*) ;; *) return 1 ;; esac
    scheme=${url%%://*}
    rest=${url#*://}
    case $rest in *\?*) query=${rest#*\?} rest=${rest%%\?*} ;; esac
    case $rest in */*) path=${rest#*/} rest=${rest%%/*} ;; esac
    case $rest in *@*) login=${rest%@*} rest=${rest##*@} ;; esac
    case $rest in
        \[*\]*) host=${rest#\[} host=${host%%\]*} port=${rest##*\]} port=${port#:} ;;
        *:*) host=${rest%%:*} port=${rest#*:} ;;
        *) host=$rest ;;
    esac
    local password=''
    case $login in *:*) password=${login#*:} login=${login%%:*} ;; esac
    printf -v "${name}_SCHEME" '%s' "$scheme"
    printf -v "${name}_USER" '%s' "$(url_decode "$login")"
    printf -v "${name}_PASSWORD" '%s' "$(url_decode "$password")"
    printf -v "${name}_HOST" '%s' "${host:-localhost}"
    printf -v "${name}_PORT" '%s' "$port"
    printf -v "${name}_PATH" '%s' "$(url_decode "$path")"
    printf -v "${name}_QUERY" '%s' "$query"
}

url_decode() {
    local text=${1//\\/\\\\}
    printf '%b' "${text//%/\\x}"
}

# url_query QUERY KEY DEFAULT: one value of a query string.
url_query() {
    local pair
    local IFS='&'
    for pair in $1; do
        [ "${pair%%=*}" = "$2" ] && { url_decode "${pair#*=}"; return; }
    done
    printf '%s' "$3"
}

# url_loopback HOST: true when the host is this machine, so that a server of our own may be started for it.
url_loopback() {
    case $1 in localhost | 127.*.*.* | ::1) return 0 ;; esac
    return 1
}
