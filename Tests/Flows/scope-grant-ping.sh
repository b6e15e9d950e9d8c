#!/bin/bash
# A client asks for scopes and waits for a ping; the person decides on the page behind the prompt's
# link. Approved, the client has tokens; declined, it hears access_denied.
#
#   SIM_URL=http://127.0.0.1:8082 PING_CLIENT=kiosk-ping:kiosk-secret \
#   PHONE_URL=http://127.0.0.1:8080/demo/phone PING_URL=http://127.0.0.1:8080/demo/ping \
#   Tests/Flows/scope-grant-ping.sh
. "$(dirname "$0")/lib.sh"

pings() { call -H "Authorization: Bearer $token" "$PING_URL"; }
has_ping() {
    pings
    [ "$(jq length <<<"$body")" -gt 0 ]
}

for decision in approve deny; do
    message="Till $$-$RANDOM $decision"
    token=$(openssl rand -hex 20)
    # Asked for once before the login starts, so that the receiver knows the token.
    pings
    expect_member length 0
    start_flow "$PING_CLIENT" -d client_notification_token="$token"

    wait_for_prompt
    call "$prompt_url"
    expect_status 200
    case $body in *"$message"*) ;; *) fail "the page does not show the message" ;; esac
    # What the page showed goes back with the answer.
    shown=$(sed -n 's/.*name="shown" value="\([^"]*\)".*/\1/p' <<<"$body")
    pings
    expect_member length 0
    # The form's address is the page's own.
    call -d decision="$decision" -d shown="$shown" "$prompt_url"
    expect_status 303

    within 15 "the ping" has_ping
    expect_member 'join(" ")' "$auth_req_id"
    redeem "$PING_CLIENT"
    if [ "$decision" = approve ]; then
        expect_tokens
    else
        expect_status 400
        expect_member .error access_denied
    fi
done
