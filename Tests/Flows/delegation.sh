#!/bin/bash
# Delegation of authority: a bank's backend acts for one user, without the user, after a consent that was
# given once. The steps are those of its setup, of managing clients, and of the delegated system mode.
#
#   BECKON=.build/debug/beckon Tests/Flows/delegation.sh
. "$(dirname "$0")/trust-lib.sh"
ACP=http://127.0.0.1:$(free_port)
CONTROL=127.0.0.1:$(free_port)
start_service 'delegation: { decisions: "decline" }'
simulate acp "${ACP#http://}" "$CONTROL" --service-password=a-password-between-acp-and-beckon-4711 \
    --system-client-secret=a-secret-between-acp-and-beckon-4711
# Certificate exchange, step 1: an RSA key pair of at least 2048 bits, here with its certificate.
make_certificate robot
make_certificate bank
make_certificate thief
admin users add --user="$PERSON" >/dev/null
admin users add --user=ben@example.com >/dev/null
admin clients add --id=bank --type=user --name="The bank" --auth=self_signed_tls_client_auth \
    --key="$folder/bank.pem" --kid=bank-1 --grant=client_credentials \
    --scope="backend:consents,backend:logins" >/dev/null
# Certificate exchange, step 2: the public key alone is shared. Step 3: the private key stays where it is.
openssl pkey -in "$folder/robot.key" -pubout -out "$folder/robot.pub"
# Creating a client, steps 1 to 4: the type delegated, the key, the allowed addresses; client_id is
# what the assertions name.
robot() { # robot ID ADDRESSES
    admin clients add --id="$1" --type=delegated --name="Payout robot" --auth=private_key_jwt \
        --key="$folder/robot.pub" --kid=k-1 --grant=client_credentials \
        --scope="logins:read,logins:decide" --source-address="$2" >/dev/null
}
robot dc_robot 127.0.0.0/8
robot dc_elsewhere 203.0.113.0/28
admin clients add --id=dc_bad --type=delegated --name=Bad --auth=private_key_jwt \
    --key="$folder/robot.key" --kid=k-1 --scope=logins:read 2>/dev/null && fail "a private key was taken"
openssl genrsa 1024 2>/dev/null | openssl rsa -pubout -out "$folder/weak.pub" 2>/dev/null
admin clients add --id=dc_weak --type=delegated --name=Weak --auth=private_key_jwt \
    --key="$folder/weak.pub" --kid=k-1 --scope=logins:read 2>/dev/null && fail "a weak key was taken"

# Viewing clients: each with type, status and creation date.
admin clients list --type=delegated --json | jq -e 'map(select(.type == "delegated" and
    .status == "active" and .created_at != null)) | length == 2' >/dev/null ||
    fail "the list of clients"

# ask CLIENT USER [CERTIFICATE]: a delegated token.
ask() {
    as "${3:-robot}" -d grant_type=client_credentials \
        -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
        -d client_assertion="${4:-$(assertion robot k-1 "$1" "$2")}" "$ISSUER/oauth2/token"
}

# The consent screen: without the user's consent there is no token.
ask dc_robot "$PERSON"
expect_status 400
expect_member .error invalid_grant

# The bank's onboarding asked the user once, and its backend records that.
as bank -d grant_type=client_credentials -d client_id=bank "$ISSUER/oauth2/token"
expect_status 200
bank_token=$(jq -r .access_token <<<"$body")
as bank -H "Authorization: Bearer $bank_token" -H 'Content-Type: application/json' \
    -d "$(jq -n --arg user "$PERSON" '{$user, client_id: "dc_robot", text_version: "2031-01",
        text: "The robot may answer for me.", language: "en", accepted_at: "2026-01-02T03:04:05Z",
        address: "198.51.100.7"}')" "$ISSUER/backend/v1/delegation-consents"
expect_status 201
consent=$(jq -r .id <<<"$body")

# Delegated system mode, step 1: the backend signs an assertion that names the target user.
used=$(assertion robot k-1 dc_robot "$PERSON")
# Step 2: it sends the assertion to the token endpoint, with its certificate.
ask dc_robot "$PERSON" robot "$used"
# Step 3: assertion and certificate are good, and the token is for that user alone.
expect_status 200
expect_member .expires_in 300
expect_member '.refresh_token // "none"' none
token=$(jq -r .access_token <<<"$body")
[ "$(claim "$token" .sub)" = "$PERSON" ] || fail "sub is not the user"
[ "$(claim "$token" .act.sub)" = dc_robot ] || fail "act is not the client"
[ "$(claim "$token" '.cnf["x5t#S256"]')" = "$(x5t robot)" ] || fail "cnf is not the certificate's"

# The same assertion again, another's certificate, another user, an unknown one.
ask dc_robot "$PERSON" robot "$used"
expect_status 401
ask dc_robot "$PERSON" thief
expect_status 401
ask dc_robot ben@example.com
expect_status 400
expect_member .error invalid_grant
ask dc_robot nobody@example.com
expect_status 400
expect_member .error invalid_grant

# IP allowlisting: from another address nothing goes, and the answer says from which one it came.
ask dc_elsewhere "$PERSON"
expect_status 403
expect_member .error source_address_not_allowed
expect_member .source_address 127.0.0.1

# A login of the user, and one of somebody else.
begin() { # begin USER
    post_json "http://$CONTROL/_sim/logins" "$(jq -n --arg user "$1" '{$user, scopes: ["openid"]}')"
    expect_status 201
    login=$(jq -r .login_id <<<"$body")
}
begin ben@example.com
others=$login
begin "$PERSON"
theirs=$login

# Step 4: the backend calls the API on behalf of the user, who is not present.
api() { as robot -H "Authorization: Bearer $token" "${@:2}" "$ISSUER/backend/v1/logins/$1"; }
api "acp/$theirs"
expect_status 200
expect_member .user "$PERSON"
api "acp/$others"
expect_status 404
# Only what the operator allows is decided without the user.
waits() { api "acp/$theirs" && [ "$(jq -r .phase <<<"$body")" = waiting ]; }
within 15 "the prompt" waits
decide_it() { api "acp/$theirs/decision" -H 'Content-Type: application/json' -d "$1"; }
decide_it "$(jq '{decision: "approve", digest: .consent.digest}' <<<"$body")"
expect_status 403
expect_member .type urn:beckon:problem:delegation-not-allowed
decide_it '{"decision":"deny"}'
expect_status 200
expect_member .decision.decided_by delegated
expect_member .decision.delegate.client_id dc_robot
declined() {
    call "http://$CONTROL/_sim/logins/$theirs"
    [ "$(jq -r .decision.outcome <<<"$body")" = rejected ]
}
within 15 "the report" declined
as thief -H "Authorization: Bearer $token" "$ISSUER/backend/v1/logins/acp/$theirs"
expect_status 401

# Editing a client: its public key is rotated. The new key works beside the old one.
make_certificate next
openssl pkey -in "$folder/next.key" -pubout -out "$folder/next.pub"
admin clients keys add --id=dc_robot --key="$folder/next.pub" --kid=k-2 >/dev/null
ask dc_robot "$PERSON" next "$(assertion next k-2 dc_robot "$PERSON")"
expect_status 200
ask dc_robot "$PERSON"
expect_status 200

# The user withdraws: token and delegation end at once.
as bank -H "Authorization: Bearer $bank_token" -X POST \
    "$ISSUER/backend/v1/delegation-consents/$consent/withdraw"
expect_status 200
api "acp/$theirs"
expect_status 401
ask dc_robot "$PERSON"
expect_status 400

# The audit names the user, the client, the address and the certificate.
audited ".event == \"api.called\" and .details.client == \"dc_robot\" and .details.user == \"$PERSON\""
audited '.event == "delegation.refused" and .details.reason == "only declining is allowed"'
audited '.event == "token.refused" and .details.reason == "the assertion was used before"'
admin audit verify >/dev/null || fail "the audit is not whole"
