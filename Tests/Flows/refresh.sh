#!/bin/bash
# An app signs a user in with a code and PKCE, calls with the user's token, and refreshes it. A refresh
# token that is used twice ends everything that the sign-in gave.
#
#   BECKON=.build/debug/beckon Tests/Flows/refresh.sh
. "$(dirname "$0")/trust-lib.sh"
coproc PROVIDER { exec python3 -B "$(dirname "$0")/../BlackBox/provider.py" anna; }
provider_in=${PROVIDER[1]}
read -r -t 10 -u "${PROVIDER[0]}" provider || fail "the identity provider did not start"
MORE="sign_in: { inbox: $provider }," start_service 'refresh: { again: "1s" }'
admin users add --user=anna >/dev/null
make_certificate app
admin clients add --id=app --type=user --name="Banking app" --auth=self_signed_tls_client_auth \
    --key="$folder/app.pem" --scope=device:logins --redirect-uri=https://app.example/signed-in >/dev/null

# The metadata say how.
call --cacert "$folder/server.pem" "$ISSUER/.well-known/oauth-authorization-server"
expect_member .authorization_endpoint "$ISSUER/oauth2/authorize"
expect_member '.code_challenge_methods_supported | join(" ")' S256
expect_member .authorization_response_iss_parameter_supported true

browser() { call --cacert "$folder/server.pem" -c "$folder/jar" -b "$folder/jar" "$@"; }
location() { sed -nE 's/^[Ll]ocation: (.*)$/\1/p' <<<"${headers//$'\r'/}"; }

# sign_in: as the user in a browser: $code, $verifier.
sign_in() {
    local next token
    verifier=$(openssl rand -hex 32)
    challenge=$(printf '%s' "$verifier" | openssl dgst -sha256 -binary | base64url)
    browser -G -d response_type=code -d client_id=app -d state=st-1 -d code_challenge="$challenge" \
        -d code_challenge_method=S256 --data-urlencode redirect_uri=https://app.example/signed-in \
        "$ISSUER/oauth2/authorize"
    while [ "$status" = 302 ] || [ "$status" = 303 ]; do
        next=$(location)
        case $next in /*) next=$ISSUER$next ;; esac
        browser "$next"
    done
    expect_status 200
    token=$(sed -nE 's/.*name="token" value="([^"]+)".*/\1/p' <<<"$body" | head -n 1)
    browser --data-urlencode "token=$token" -d answer=allow "$next"
    expect_status 303
    code=$(location | sed -nE 's/.*[?&]code=([^&]+).*/\1/p')
    [ -n "$code" ] || fail "no code"
}

exchange() {
    as app -d grant_type=authorization_code -d client_id=app -d code="$code" \
        -d code_verifier="$verifier" --data-urlencode redirect_uri=https://app.example/signed-in \
        "$ISSUER/oauth2/token"
}
refresh() {
    as app -d grant_type=refresh_token -d client_id=app --data-urlencode "refresh_token=$1" \
        "$ISSUER/oauth2/token"
}
own_logins() { as app -H "Authorization: Bearer $1" "$ISSUER/device/v1/logins"; }

# A request that names another address goes nowhere.
browser -G -d response_type=code -d client_id=app --data-urlencode redirect_uri=https://evil.example/ \
    "$ISSUER/oauth2/authorize"
expect_status 400
[ -z "$(location)" ] || fail "it leads to $(location)"

# Signed in, the app has a user's token, which is bound to its certificate.
sign_in
exchange
expect_status 200
token=$(jq -r .access_token <<<"$body")
first=$(jq -r .refresh_token <<<"$body")
[ "$(claim "$token" .sub)" = anna ] || fail "another user"
[ "$(claim "$token" '.cnf["x5t#S256"]')" = "$(x5t app)" ] || fail "cnf is not the certificate's"
own_logins "$token"
expect_status 200
as app -H "Authorization: Bearer $token" "$ISSUER/admin/v1/clients"
expect_status 403

# Refreshed, it has the next tokens. The answer can be asked for again at once.
refresh "$first"
expect_status 200
second=$(jq -r .refresh_token <<<"$body")
refresh "$first"
expect_status 200
expect_member .refresh_token "$second"
refresh "$second"
expect_status 200
third=$(jq -r .refresh_token <<<"$body")
token=$(jq -r .access_token <<<"$body")

# The first one again is somebody else's copy: everything ends.
refresh "$first"
expect_status 400
expect_member .error invalid_grant
refresh "$third"
expect_status 400
own_logins "$token"
expect_status 401

# A code counts once.
sign_in
exchange
expect_status 200
token=$(jq -r .access_token <<<"$body")
exchange
expect_status 400
expect_member .error invalid_grant
own_logins "$token"
expect_status 401

audited '.event == "authorization.granted" and .details.client == "app"'
audited '.event == "token.family_ended" and .details.reason == "a refresh token was used again"'
audited '.event == "token.family_ended" and .details.reason == "a code was used again"'
exec {provider_in}>&-
