#!/usr/bin/env bash
# make demo: a customer travels from the catalog to Stripe and back, in plain sentences. Fails if anything is not seen.
set -u

LOCAL=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$LOCAL/../.." && pwd)
RUN=$TOP/.run
for part in say url process http json; do
    # shellcheck source=/dev/null
    . "$LOCAL/lib/$part.sh"
done

CATALOG=http://localhost:${CATALOG_PORT:-8000}
STRIPE=http://localhost:${SIMULATOR_PORT:-12111}
KEY=$(cat "$RUN/api-key")
STRIPE_KEY=${STRIPE_API_KEY:-$(cat "$RUN/stripe-api-key")}
PATIENCE=10 # seconds to wait for the other side; it usually needs a few hundredths

# milliseconds since the machine's epoch, without a process.
now() { local t=$EPOCHREALTIME && echo "${t%[.,]*}${t:(-6):3}"; }

step() { printf '\n%s%s%s\n' "$BOLD" "$1" "$PLAIN"; }

# shown TEXT: a command as one would type it.
shown() { printf '    %s%s%s\n' "$DIM" "$1" "$PLAIN"; }

give_up() {
    complain demo "$1" "the last answer was ${HTTP_STATUS:-none}: ${HTTP_BODY:-}"
    exit 1
}

# catalog METHOD PATH BODY [HEADER...]
catalog() {
    local method=$1 path=$2 body=$3
    shift 3
    http_request "$method" "$CATALOG$path" "$body" "Authorization: Bearer $KEY" "Content-Type: ${TYPE:-application/json}" "$@"
}

# stripe METHOD PATH FORM: the Stripe API of the simulator, as any client of Stripe calls it.
stripe() {
    http_request "$1" "$STRIPE$2" "$3" "Authorization: Bearer $STRIPE_KEY" 'Content-Type: application/x-www-form-urlencoded'
}

# by_hand ID PATCH: what a person would do in Stripe's dashboard.
by_hand() {
    http_request POST "$STRIPE/_sim/customers/$1" "$2" 'Content-Type: application/merge-patch+json' &&
        [ "$HTTP_STATUS" = 200 ] || give_up 'the edit at the simulator was refused'
}

# Each of these looks once; seen waits until one is true.
catalog_shows() { catalog GET "/v1/customers/$1" '' && [ "$HTTP_STATUS" = 200 ] && [ "$(json_value "$HTTP_BODY" "$2")" = "$3" ]; }
stripe_shows() { stripe GET "/v1/customers/$1" '' && [ "$HTTP_STATUS" = 200 ] && [ "$(json_value "$HTTP_BODY" "$2")" = "$3" ]; }
catalog_lists() { catalog GET "/v1/customers?stripe_customer_id=$1" '' && [ -n "$(json_value "$HTTP_BODY" id)" ]; }
catalog_lacks() { catalog GET "/v1/customers/$1" '' && { [ "$HTTP_STATUS" = 404 ] || [ "$HTTP_STATUS" = 410 ]; }; }

# seen SENTENCE CHECK...: waits for the check and says how long after SINCE it was true.
seen() {
    local sentence=$1
    shift
    wait_until "$PATIENCE" "$@" || give_up "not seen within $PATIENCE s: $sentence"
    printf '  %s (%d ms)\n' "$sentence" $(($(now) - SINCE))
}

from_catalog() {
    step '1. A customer is created in the catalog, and we wait until Stripe has it.'
    shown "curl $CATALOG/v1/customers -H 'Prefer: wait=5' -d '{\"name\":\"Ada Lovelace\",\"email\":\"ada@example.com\",\"phone\":\"+44 20 7946 0000\"}'"
    SINCE=$(now)
    catalog POST /v1/customers '{"name":"Ada Lovelace","email":"ada@example.com","phone":"+44 20 7946 0000"}' 'Prefer: wait=5' &&
        [ "$HTTP_STATUS" = 201 ] || give_up 'the catalog did not create the customer'
    ADA=$(json_value "$HTTP_BODY" id)
    CUS=$(json_value "$HTTP_BODY" customer_id) || CUS=''
    case $CUS in cus_*) ;; *) give_up 'the answer has no sync.stripe.customer_id' ;; esac
    printf '  Answered with the Stripe customer in it (%d ms):\n' $(($(now) - SINCE))
    json_excerpt "$HTTP_BODY" id name email version state customer_id

    step '2. Stripe has the same customer.'
    shown "curl $STRIPE/v1/customers/$CUS"
    SINCE=$(now)
    seen 'The Stripe API answers:' stripe_shows "$CUS" name 'Ada Lovelace'
    json_excerpt "$HTTP_BODY" id name email phone datasync_id datasync_version
}

from_stripe() {
    step "3. Somebody edits it in Stripe's dashboard."
    shown "curl $STRIPE/_sim/customers/$CUS -d '{\"name\":\"Ada King\"}'"
    SINCE=$(now)
    by_hand "$CUS" '{"name":"Ada King"}'
    seen 'The catalog shows the new name:' catalog_shows "$ADA" name 'Ada King'
    json_excerpt "$HTTP_BODY" id name version

    step '4. Both sides change different fields at the same moment. Both changes are kept.'
    shown "PATCH $CATALOG/v1/customers/$ADA {\"description\":\"first programmer\"}   and at Stripe {\"name\":\"Ada, Countess of Lovelace\"}"
    SINCE=$(now)
    TYPE=application/merge-patch+json catalog PATCH "/v1/customers/$ADA" '{"description":"first programmer"}'
    [ "$HTTP_STATUS" = 200 ] || give_up 'the catalog did not take the change'
    by_hand "$CUS" '{"name":"Ada, Countess of Lovelace"}'
    seen 'Stripe has the description' stripe_shows "$CUS" description 'first programmer'
    seen 'and the catalog has the name.' catalog_shows "$ADA" name 'Ada, Countess of Lovelace'
}

cleared() {
    step '5. A field is cleared in the catalog.'
    shown "curl -X PATCH $CATALOG/v1/customers/$ADA -d '{\"phone\":null}'"
    SINCE=$(now)
    TYPE=application/merge-patch+json catalog PATCH "/v1/customers/$ADA" '{"phone":null}'
    [ "$HTTP_STATUS" = 200 ] || give_up 'the catalog did not take the change'
    seen 'It is empty at Stripe.' stripe_shows "$CUS" phone null
}

born_in_stripe() {
    step '6. A customer is created in Stripe, by another program.'
    shown "curl $STRIPE/v1/customers -d name='Grace Hopper' -d email=grace@example.com"
    SINCE=$(now)
    stripe POST /v1/customers 'name=Grace+Hopper&email=grace@example.com' && [ "$HTTP_STATUS" = 200 ] ||
        give_up 'the simulator did not create the customer'
    GRACE_CUS=$(json_value "$HTTP_BODY" id)
    seen 'The catalog has it:' catalog_lists "$GRACE_CUS"
    GRACE=$(json_value "$HTTP_BODY" id)
    catalog GET "/v1/customers/$GRACE" ''
    json_excerpt "$HTTP_BODY" id name email customer_id
}

deleted() {
    step '7. Ada is deleted in the catalog, Grace in Stripe.'
    SINCE=$(now)
    catalog DELETE "/v1/customers/$ADA" ''
    [ "${HTTP_STATUS:0:1}" = 2 ] || give_up 'the catalog did not delete the customer'
    seen 'Stripe answers "deleted": true for Ada' stripe_shows "$CUS" deleted true
    SINCE=$(now)
    stripe DELETE "/v1/customers/$GRACE_CUS" '' && [ "$HTTP_STATUS" = 200 ] || give_up 'the simulator did not delete the customer'
    seen 'and the catalog has no Grace any more.' catalog_lacks "$GRACE"
}

case ${SIMULATOR:-on} in off | 0 | false | no) complain demo 'edits customers at Stripe, so it plays with the simulator only' && exit 1 ;; esac
from_catalog
from_stripe
cleared
born_in_stripe
deleted
printf '\nEverything was seen on the other side. Look around: %s/docs (catalog), %s/ (Stripe)\n' "$CATALOG" "$STRIPE"
