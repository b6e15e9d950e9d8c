#!/bin/bash
# A person signs in at the bank's identity provider, as a browser does it: the three steps of the code
# flow, the session, its end, and what the page says when a check fails.
#
#   BECKON=.build/debug/beckon BECKON_LAB=.build/debug/beckon-lab Tests/Flows/sign-in.sh
. "$(dirname "$0")/trust-lib.sh"

# Before step 1: the bank gives the items of its identity management, and the claims have its domain.
IDP=http://127.0.0.1:$(free_port)
CONTROL=127.0.0.1:$(free_port)
SECRET=a-secret-between-the-provider-and-beckon
application() { # application NAME [SETTING…]
    printf '%s: { issuer: "%s", client_id: "beckon-%s", client_secret: "%s", domain: "bank.example",
        logout_url: "%s/logout", %s },\n' "$1" "$IDP" "$1" "$SECRET" "$IDP" "${*:2}"
}
MORE="sign_in: { $(application inbox token_request: '"json"')
    $(application console controller_email: '"alex@bank.example"') },"
start_service
admin users add --user="$PERSON" >/dev/null
simulate idp "${IDP#http://}" "$CONTROL" --client-secret="$SECRET"
within 15 "the provider" curl --silent --fail --output /dev/null "$IDP/.well-known/openid-configuration"

# browser NAME ARGUMENTS…: a browser with cookies of its own.
browser() {
    call --cacert "$folder/server.pem" --cookie "$folder/$1.jar" --cookie-jar "$folder/$1.jar" "${@:2}"
}
# location: where the answer leads.
location() { sed -nE 's/^location: (.*)$/\1/Ip' <<<"${headers//$'\r'/}"; }
# parameter NAME URL: a parameter of a query, decoded.
parameter() { python3 -c 'import sys, urllib.parse as u
print(u.parse_qs(u.urlsplit(sys.argv[2]).query).get(sys.argv[1], [""])[0])' "$1" "$2"; }
knob() { post_json "http://$CONTROL/_sim/knobs" "{\"set\": $1, \"times\": 1}" && expect_status 201; }
# choose NAME PERSON: signs in on the provider's page, whose address is $at; $back is where it leads.
choose() {
    browser "$1" --data-urlencode "request=${at#*\?}" -d person="$2" "$IDP/authorize"
    expect_status 303
    back=$(location)
}
# begin NAME APPLICATION [TARGET]: the call to action.
begin() {
    browser "$1" --get ${3:+--data-urlencode "to=$3"} "$ISSUER/sso/oidc/$2"
    expect_status 303
    at=$(location)
}

# Step 1: the GET request to the provider has what the bank gave, and a random state.
begin anna inbox '/inbox?from=mail'
[ "${at%%\?*}" = "$IDP/authorize" ] || fail "it leads to $at"
[ "$(parameter client_id "$at")" = beckon-inbox ] || fail "client_id"
[ "$(parameter scope "$at")" = "openid email profile" ] || fail "scope"
[ "$(parameter response_type "$at")" = code ] || fail "response_type"
[ "$(parameter redirect_uri "$at")" = "$ISSUER/sso/oidc/inbox/callback" ] || fail "redirect_uri"
first=$(parameter state "$at")
[ "${#first}" -ge 43 ] || fail "state has less than 256 bits"
[ "$(parameter code_challenge_method "$at")" = S256 ] || fail "PKCE"
begin other inbox
[ "$first" != "$(parameter state "$at")" ] || fail "state is not random"
begin anna inbox '/inbox?from=mail'

# Step 2: the provider answers to the redirect URI, and the code is exchanged with a JSON body. The ID
# token passes every check.
browser anna "$at"
expect_status 200
grep -q 'anna@example.com' <<<"$body" || fail "the provider does not offer Anna"
choose anna customer-anna
[ "${back%%\?*}" = "$ISSUER/sso/oidc/inbox/callback" ] || fail "it leads to $back"
browser anna "$back"

# Step 3: the person is signed in, and sees the page that the link was for.
expect_status 303
[ "$(location)" = "$ISSUER/inbox?from=mail" ] || fail "it leads to $(location)"
grep -qi '^set-cookie: __Host-beckon-inbox=.*Secure; HttpOnly; SameSite=Lax' <<<"$headers" || fail "the cookie"
browser anna "$ISSUER/inbox"
expect_status 200
grep -q 'Anna Archer' <<<"$body" || fail "the page does not say who is signed in"
# The same answer again, and in another browser, is worth nothing.
browser anna "$back"
expect_status 400
browser thief "$back"
expect_status 400
# What is not the user's own looks unknown.
token=$(browser anna "$ISSUER/inbox" && sed -nE 's/.*name="token" value="([^"]+)".*/\1/p' <<<"$body" | head -1)
browser anna -d token="$token" -d decision=approve "$ISSUER/inbox/logins/acp%2F1/decision"
expect_status 404

# Users and roles: the controller is the administrator, further users are moderators.
for person in alex mo; do
    begin "$person" console
    choose "$person" "staff-$person"
    browser "$person" "$back"
    expect_status 303
    [ "$(location)" = "$ISSUER/console" ] || fail "it leads to $(location)"
done
audited '.event == "sign_in.accepted" and .details.subject == "staff-alex" and .details.role == "admin"'
audited '.event == "sign_in.accepted" and .details.subject == "staff-mo" and .details.role == "moderator"'

# A new account that is not known for a few seconds: the page tries again by itself.
begin new inbox
choose new customer-oliver
browser new "$back"
expect_status 200
wait=$(sed -nE 's/.*http-equiv="refresh" content="[0-9]+; ?url=([^"]+)".*/\1/p' <<<"$body" | sed 's/&amp;/\&/g')
[ -n "$wait" ] || fail "the page does not try again"
admin users add --user=oliver@example.com >/dev/null
browser new "$wait"
expect_status 303
[ "$(location)" = "$ISSUER/inbox" ] || fail "it leads to $(location)"

references=()
# An error page tells the browser's console which check failed, and no secret.
refused() { # refused KNOB CODE
    knob "$1"
    begin failing inbox
    choose failing customer-anna
    browser failing "$back"
    [ "$status" = 403 ] || fail "expected a refusal"
    local answer=$body
    body=$(sed -nE 's|.*<script[^>]*type="application/json"[^>]*>(.*)</script>.*|\1|p' <<<"$answer")
    expect_member .code "$2"
    expect_member '.reference | test("^E-[2-9A-Z]{6}$")' true
    for secret in "$SECRET" "$(parameter code "$back")" "$(parameter state "$back")" "$(parameter nonce "$at")" \
        anna@example.com; do
        if [ -n "$secret" ] && grep -qF -- "$secret" <<<"$headers$answer"; then fail "the page has $secret"; fi
    done
    references+=("$(jq .reference <<<"$body")")
    rm -f "$folder/failing.jar"
}
refused '{"id_token": "unverified"}' email_not_verified
expect_member .got false
refused '{"id_token": "wrong_nonce"}' nonce
refused '{"id_token": "wrong_audience"}' audience
refused '{"id_token": "expired"}' expired
refused '{"id_token": "other_domain"}' custom_claim
refused '{"id_token": "signature"}' signature
refused '{"token.fail": 401}' token_refused
refused '{"authorize.answer": "access_denied"}' provider_error
# The audit has each under the reference of its page.
found=$(admin audit export | jq -s --argjson all "[$(IFS=,; echo "${references[*]}")]" \
    '[.[] | select(.event == "sign_in.refused").details.reference] | contains($all)')
[ "$found" = true ] || fail "the audit does not have all of ${references[*]}"

# Signing out leads to the configured address, and the session is over.
browser anna -d token="$token" "$ISSUER/inbox/sign-out"
expect_status 303
[[ "$(location)" = "$IDP/logout"* ]] || fail "it leads to $(location)"
browser anna "$ISSUER/inbox"
expect_status 401
admin audit verify >/dev/null || fail "the audit is not whole"
