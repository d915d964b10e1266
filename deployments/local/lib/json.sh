# Just enough JSON for a demonstration without jq: one line of JSON in, single values out.

# json_value JSON NAME: the first value with that name (text, number, true, false or null), without quotes.
json_value() {
    local rest
    case $1 in *"\"$2\":"*) rest=${1#*"\"$2\":"} rest=${rest# } ;; *) return 1 ;; esac
    case $rest in
        \"*) rest=${rest#\"} && printf '%s' "${rest%%\"*}" ;;
        *) printf '%s' "${rest%%[,\}\]]*}" ;;
    esac
}

# json_excerpt JSON NAME...: those values, one below the other, as JSON again; absent ones are left out.
json_excerpt() {
    local json=$1 name value
    shift
    for name in "$@"; do
        case $json in *"\"$name\":"*) ;; *) continue ;; esac
        value=$(json_value "$json" "$name")
        case $json in *"\"$name\":\""* | *"\"$name\": \""*) value="\"$value\"" ;; esac
        printf '      "%s": %s\n' "$name" "$value"
    done
}
