# What the flows share. The defaults are the addresses and credentials of `make run`, which prints
# where it listens:
#
#   BASE_URL         Beckon                                  BASIC        user:password of ACP's calls
#   SIM_URL          the simulated authorization server      CLIENT       id:secret, polling
#   SIM_CONTROL_URL  its control                             PING_CLIENT  id:secret, waiting for pings
#   PHONE_URL        where prompts arrive                    PING_URL     where pings arrive
#   PERSON           whom Beckon knows
set -euo pipefail

BASE_URL=${BASE_URL:-http://127.0.0.1:8081}
BASIC=${BASIC:-acp:demo-password-between-acp-and-beckon}
SIM_URL=${SIM_URL:-http://127.0.0.1:8082}
SIM_CONTROL_URL=${SIM_CONTROL_URL:-http://127.0.0.1:8083/_sim}
CLIENT=${CLIENT:-kiosk:kiosk-secret}
PING_CLIENT=${PING_CLIENT:-kiosk-ping:kiosk-secret}
PHONE_URL=${PHONE_URL:-http://127.0.0.1:8080/demo/phone}
PING_URL=${PING_URL:-http://127.0.0.1:8080/demo/ping}
PERSON=${PERSON:-anna@example.com}
ISSUER=$SIM_URL/bank/retail
# What the client asks for.
scope="openid profile"
# Shown on the phone, so it tells one prompt from another.
message="Till $$-$RANDOM"

fail() {
    echo "FAILED: $*" >&2
    echo "  the last answer: ${status:-none} ${body:-}" >&2
    exit 1
}

# call ARGUMENTS…: curl. The answer is in $status, $headers and $body.
call() {
    local answer
    answer=$(curl --silent --show-error --include --max-time 30 "$@") || fail "curl ${*: -1}"
    headers=${answer%%$'\r\n\r\n'*}
    body=${answer#"$headers"}
    body=${body#$'\r\n\r\n'}
    read -r _ status _ <<<"$headers"
}

# post_json URL BODY ARGUMENTS…
post_json() { call -H "Content-Type: application/json" --data-raw "$2" "${@:3}" "$1"; }

# expect_status 200
expect_status() { [ "$status" = "$1" ] || fail "expected status $1"; }

# expect_member .valid true: what jq finds in the body.
expect_member() {
    local found
    found=$(jq -r "$1" <<<"$body") || fail "expected JSON"
    [ "$found" = "$2" ] || fail "expected $1 to be $2, found $found"
}

# expect_header Allow POST
expect_header() {
    grep -qixF -- "$1: $2" <<<"${headers//$'\r'/}" || fail "expected the header $1: $2 among $headers"
}

# within SECONDS WHAT COMMAND…: until the command succeeds.
within() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "$what did not come"
        sleep 0.1
    done
}

# new_login [SECONDS]: a login at the simulator, whose start it leaves to us: $login_id, $start.
new_login() {
    # A day is longer than any login lives. It cannot know the login_state that we make up.
    post_json "$SIM_CONTROL_URL/knobs" "$(jq -n --arg user "$PERSON" '{match: {$user}, times: 1,
        set: {"start.delay": 86400000, "login_state.check": "off"}}')"
    expect_status 201
    post_json "$SIM_CONTROL_URL/logins" "$(jq -n --arg user "$PERSON" --arg message "$message" \
        --argjson ttl "${1:-120}" '{$user, $ttl, scopes: ["openid", "profile"], binding_message: $message}')"
    expect_status 201
    login_id=$(jq -r .login_id <<<"$body")
    auth_req_id=$(jq -r .auth_req_id <<<"$body")
    call "$SIM_CONTROL_URL/logins/$login_id"
    start=$(jq '{login_id, login_state: "made-up-state", tenant_id: "bank", server_id: "retail",
        client_id, client_info: {client_name: "Coffee kiosk"}, user_identifier: .user,
        requested_scopes, acr_values: null, binding_message,
        expires_at: .expires_at | sub("[.][0-9]+"; "")}' <<<"$body")
}

# send_start: as the authorization server does.
send_start() { post_json "$BASE_URL/authentication/start" "$start" -u "$BASIC"; }

has_prompt() {
    call "$PHONE_URL"
    prompt=$(jq -e --arg m "$message" 'map(select(.binding_message == $m)) | last // empty' <<<"$body")
}

# wait_for_prompt: on the phone, the one with our message: $login_id, $prompt_url, $ticket.
wait_for_prompt() {
    within 15 "the prompt \"$message\"" has_prompt
    login_id=$(jq -r .login_id <<<"$prompt")
    prompt_url=$(jq -r .url <<<"$prompt")
    ticket=${prompt_url##*/}
}

# look [QUERY]: at the login, as the person's app does.
look() { call -H "Authorization: Bearer $ticket" "$BASE_URL/device/v1/logins/$login_id${1:+?$1}"; }

# decide approve|deny|cancel|fraud [ACCOUNT…]
decide() {
    local chosen shown=
    # An approval says by its digest which consent was shown.
    if [ "$1" = approve ]; then
        look
        shown=$(jq -r '.consent.digest // empty' <<<"$body")
    fi
    chosen=$(jq -n --arg shown "$shown" '{decision: $ARGS.positional[0]}
        + if ($ARGS.positional | length) > 1 then {accounts: $ARGS.positional[1:]} else {} end
        + if $shown != "" then {digest: $shown} else {} end' \
        --args "$@")
    post_json "$BASE_URL/device/v1/logins/$login_id/decision" "$chosen" \
        -H "Authorization: Bearer $ticket"
}

# expect_fact amount '.amount + " " + .currency' "165.88 GBP": what the person's app shows.
expect_fact() { expect_member ".consent.facts[] | select(.label == \"$1\") | $2" "$3"; }

# wait_until_settled: the authorization server knows the outcome, or needs none.
wait_until_settled() {
    local end=$((SECONDS + 20)) phase
    look
    while expect_status 200 && phase=$(jq -r .phase <<<"$body") && [ "$phase" != settled ]; do
        [ "$SECONDS" -lt "$end" ] || fail "the login was not settled"
        look "wait=5&seen=$phase"
    done
}

# ask_server: the login, as the simulated authorization server keeps it.
ask_server() { call "$SIM_CONTROL_URL/logins/$login_id"; }

# lodge URL CONSENT: the client leaves a consent about a payment, with a token of its own (RFC 6749
# §4.4), before it asks for the login.
lodge() {
    call -u "$CLIENT" -d grant_type=client_credentials -d scope=payments "$ISSUER/oauth2/token"
    expect_status 200
    client_token=$(jq -r .access_token <<<"$body")
    post_json "$1" "$2" -H "Authorization: Bearer $client_token"
    expect_status 201
}

# look_back URL: the client looks at its consent.
look_back() { call -H "Authorization: Bearer $client_token" "$1"; }

# start_flow CLIENT FIELD…: the client's request (OpenID CIBA Core §7.1).
start_flow() {
    call -u "$1" -d scope="$scope" -d login_hint="$PERSON" -d binding_message="$message" \
        "${@:2}" "$ISSUER/backchannel/authentication"
    expect_status 200
    auth_req_id=$(jq -r .auth_req_id <<<"$body")
    interval=$(jq -r .interval <<<"$body")
}

# redeem CLIENT: the client asks for its tokens (§10.1).
redeem() {
    call -u "$1" -d grant_type=urn:openid:params:grant-type:ciba -d auth_req_id="$auth_req_id" \
        "$ISSUER/oauth2/token"
}

# expect_tokens: for what was asked and for whom.
expect_tokens() {
    expect_status 200
    expect_member .token_type Bearer
    expect_member '.access_token | length > 20' true
    expect_member '.scope | split(" ") | sort | join(" ")' "$(tr ' ' '\n' <<<"$scope" | sort | paste -sd ' ')"
    expect_member '.id_token | split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson.sub' \
        "$PERSON"
}
