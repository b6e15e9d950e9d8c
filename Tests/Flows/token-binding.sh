#!/bin/bash
# The four steps of a certificate-bound token: the token filter, the binding, the claim `cnf`, and the
# certificate at each call. A token that was stolen is worth nothing.
#
#   BECKON=.build/debug/beckon Tests/Flows/token-binding.sh
. "$(dirname "$0")/trust-lib.sh"
start_service
make_certificate ops
make_certificate thief
admin clients add --id=ops-tool --type=user --name="Ops tool" --auth=self_signed_tls_client_auth \
    --key="$folder/ops.pem" --kid=ops-1 --grant=client_credentials --scope="admin:read,admin:clients" >/dev/null

# Step 1: the token filter requires the transport certificate, before the client is looked up.
call --cacert "$folder/server.pem" -d grant_type=client_credentials -d client_id=ops-tool "$ISSUER/oauth2/token"
expect_status 400
expect_member .error invalid_request
# Another's certificate is not the client's.
as thief -d grant_type=client_credentials -d client_id=ops-tool "$ISSUER/oauth2/token"
expect_status 401
expect_member .error invalid_client

# Step 2: the grant handler binds the certificate to the token.
as ops -d grant_type=client_credentials -d client_id=ops-tool -d scope=admin:read "$ISSUER/oauth2/token"
expect_status 200
expect_member .token_type Bearer
expect_member .scope admin:read
token=$(jq -r .access_token <<<"$body")

# Step 3: the claim `cnf` comes with the access token, and by introspection.
[ "$(claim "$token" '.cnf["x5t#S256"]')" = "$(x5t ops)" ] || fail "cnf is not the certificate's"
as ops -d client_id=ops-tool -d token="$token" "$ISSUER/oauth2/introspect"
expect_status 200
expect_member .active true
expect_member '.cnf["x5t#S256"]' "$(x5t ops)"

# Step 4: the certificate of each call is compared with that of the token.
as ops -H "Authorization: Bearer $token" "$ISSUER/admin/v1/clients"
expect_status 200
expect_member '.clients | map(.client_id) | join(" ")' ops-tool
as thief -H "Authorization: Bearer $token" "$ISSUER/admin/v1/clients"
expect_status 401
expect_header WWW-Authenticate 'Bearer error="invalid_token"'
call --cacert "$folder/server.pem" -H "Authorization: Bearer $token" "$ISSUER/admin/v1/clients"
expect_status 401
as ops "$ISSUER/admin/v1/clients?access_token=$token"
expect_status 400

# What the client may not, it may not.
as ops -H "Authorization: Bearer $token" "$ISSUER/admin/v1/users"
[ "$status" = 200 ] || [ "$status" = 403 ] || fail "expected an answer"
as ops -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d '{}' "$ISSUER/admin/v1/clients"
expect_status 403

# Suspended, the client is out at the next call, and back when it is resumed.
admin clients suspend --id=ops-tool >/dev/null
as ops -H "Authorization: Bearer $token" "$ISSUER/admin/v1/clients"
expect_status 401
admin clients resume --id=ops-tool >/dev/null
as ops -H "Authorization: Bearer $token" "$ISSUER/admin/v1/clients"
expect_status 200

# Revoked by its client, the token is over.
as ops -d client_id=ops-tool -d token="$token" "$ISSUER/oauth2/revoke"
expect_status 200
as ops -H "Authorization: Bearer $token" "$ISSUER/admin/v1/clients"
expect_status 401
as ops -d client_id=ops-tool -d token="$token" "$ISSUER/oauth2/introspect"
expect_member .active false

# The audit has all of it, and nobody has changed it.
audited '.event == "client.created"'
audited '.event == "token.issued" and .details.client == "ops-tool"'
audited '.event == "token.refused" and .details.reason == "no certificate"'
audited '.event == "api.refused" and .details.reason == "another certificate"'
audited '.event == "token.revoked"'
admin audit verify >/dev/null || fail "the audit is not whole"
