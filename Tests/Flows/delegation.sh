#!/bin/bash
# A bank's backend acts for one user, without the user, after a consent that was given once: signed
# assertion and mutual TLS, a token for that user, calls with it, and the end of it all.
#
#   BECKON=.build/debug/beckon Tests/Flows/delegation.sh
. "$(dirname "$0")/trust-lib.sh"
start_service
make_certificate robot
make_certificate bank
make_certificate thief
admin users add --user="$PERSON" >/dev/null
admin users add --user=ben@example.com >/dev/null
admin clients add --id=bank --type=user --name="The bank" --auth=self_signed_tls_client_auth \
    --key="$folder/bank.pem" --kid=bank-1 --grant=client_credentials \
    --scope="backend:consents,backend:logins" >/dev/null
# The public key alone is registered.
openssl pkey -in "$folder/robot.key" -pubout -out "$folder/robot.pub"
robot() { # robot ID ADDRESSES
    admin clients add --id="$1" --type=delegated --name="Payout robot" --auth=private_key_jwt \
        --key="$folder/robot.pub" --kid=k-1 --grant=client_credentials \
        --scope="logins:read,logins:decide" --source-address="$2" >/dev/null
}
robot dc_robot 127.0.0.0/8
robot dc_elsewhere 203.0.113.0/28
admin clients add --id=dc_bad --type=delegated --name=Bad --auth=private_key_jwt \
    --key="$folder/robot.key" --kid=k-1 --scope=logins:read 2>/dev/null && fail "a private key was taken"

# ask CLIENT USER [CERTIFICATE]: a delegated token.
ask() {
    as "${3:-robot}" -d grant_type=client_credentials \
        -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
        -d client_assertion="${4:-$(assertion robot k-1 "$1" "$2")}" "$ISSUER/oauth2/token"
}

# Without the user's consent there is no token.
ask dc_robot "$PERSON"
expect_status 400
expect_member .error invalid_grant

# The bank's onboarding asked the user, and its backend records that.
as bank -d grant_type=client_credentials -d client_id=bank "$ISSUER/oauth2/token"
expect_status 200
bank_token=$(jq -r .access_token <<<"$body")
as bank -H "Authorization: Bearer $bank_token" -H 'Content-Type: application/json' \
    -d "$(jq -n --arg user "$PERSON" '{$user, client_id: "dc_robot", text_version: "2031-01",
        text: "The robot may answer for me.", language: "en", accepted_at: "2026-01-02T03:04:05Z",
        address: "198.51.100.7"}')" "$ISSUER/backend/v1/delegation-consents"
expect_status 201
consent=$(jq -r .id <<<"$body")

# Signed assertion and mutual TLS: a token for that user.
used=$(assertion robot k-1 dc_robot "$PERSON")
ask dc_robot "$PERSON" robot "$used"
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

# From another address nothing goes, and the answer says from which one it came.
ask dc_elsewhere "$PERSON"
expect_status 403
expect_member .error source_address_not_allowed
expect_member .source_address 127.0.0.1

# A login of the user, and one of somebody else.
begin() { # begin LOGIN USER
    post_json "$ISSUER/authentication/start" "$(jq -n --arg id "$1" --arg user "$2" \
        --arg ends "$(date -u -d '+10 minutes' +%Y-%m-%dT%H:%M:%SZ)" \
        '{login_id: $id, login_state: "s", tenant_id: "bank", server_id: "retail", client_id: "kiosk",
          user_identifier: $user, requested_scopes: ["openid"], expires_at: $ends}')" \
        --cacert "$folder/server.pem" -u acp:a-password-between-acp-and-beckon-4711
    expect_status 200
}
begin theirs "$PERSON"
begin others ben@example.com

api() { as robot -H "Authorization: Bearer $token" "${@:2}" "$ISSUER/backend/v1/logins/$1"; }
api acp/theirs
expect_status 200
expect_member .user "$PERSON"
api acp/others
expect_status 404
# Nothing may be decided by delegation unless somebody allows it.
api acp/theirs/decision -H 'Content-Type: application/json' -d '{"decision":"deny"}'
expect_status 403
expect_member .type urn:beckon:problem:delegation-not-allowed
as thief -H "Authorization: Bearer $token" "$ISSUER/backend/v1/logins/acp/theirs"
expect_status 401

# The user withdraws: token and delegation end at once.
as bank -H "Authorization: Bearer $bank_token" -X POST \
    "$ISSUER/backend/v1/delegation-consents/$consent/withdraw"
expect_status 200
api acp/theirs
expect_status 401
ask dc_robot "$PERSON"
expect_status 400

# The audit names the user, the client, the address and the certificate.
audited ".event == \"api.called\" and .details.client == \"dc_robot\" and .details.user == \"$PERSON\""
audited '.event == "delegation.refused" and .details.reason == "switched off"'
audited '.event == "token.refused" and .details.reason == "the assertion was used before"'
admin audit verify >/dev/null || fail "the audit is not whole"
