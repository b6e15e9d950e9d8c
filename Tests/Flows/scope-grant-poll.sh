#!/bin/bash
# A client asks for scopes and polls; the person decides in an app. Approved, the client has tokens;
# declined, it hears access_denied.
#
#   BASE_URL=http://127.0.0.1:8081 SIM_URL=http://127.0.0.1:8082 CLIENT=kiosk:kiosk-secret \
#   PHONE_URL=http://127.0.0.1:8080/demo/phone Tests/Flows/scope-grant-poll.sh
. "$(dirname "$0")/lib.sh"

# Not sooner than the interval after the poll before (OpenID CIBA Core §7.3).
poll_until_decided() {
    local end=$((SECONDS + 20))
    while [ "$(jq -r .error <<<"$body")" = authorization_pending ]; do
        [ "$SECONDS" -lt "$end" ] || fail "the client never heard of the decision"
        sleep "$interval"
        redeem "$CLIENT"
    done
}

for decision in approve deny; do
    message="Till $$-$RANDOM $decision"
    start_flow "$CLIENT"
    redeem "$CLIENT"
    expect_status 400
    expect_member .error authorization_pending
    pending=$body

    wait_for_prompt
    decide "$decision"
    expect_status 200
    body=$pending
    poll_until_decided

    if [ "$decision" = approve ]; then
        expect_tokens
        # Tokens are given once.
        redeem "$CLIENT"
        expect_status 400
        expect_member .error invalid_grant
    else
        expect_status 400
        expect_member .error access_denied
    fi
done
