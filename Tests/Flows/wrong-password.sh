#!/bin/bash
# Whoever has not both the user and the password is refused, and does not hear which was wrong.
#
#   BASE_URL=http://127.0.0.1:8081 BASIC=acp:password Tests/Flows/wrong-password.sh
. "$(dirname "$0")/lib.sh"

user=${BASIC%%:*}
password=${BASIC#*:}

refused() { # refused PATH CURL-ARGUMENTS…
    post_json "$BASE_URL$1" "{\"user_identifier\": \"$PERSON\", \"login_id\": \"x\"}" "${@:2}"
    expect_status 401
    expect_header WWW-Authenticate 'Basic realm="ciba", charset="UTF-8"'
    expect_member .error unauthorized
}

for path in /user/verify /authentication/start; do
    refused "$path" -u "$user:wrong"
    first=$body
    refused "$path" -u "somebody:$password"
    [ "$body" = "$first" ] || fail "the answers tell which was wrong"
    refused "$path" -u "$user:"
    refused "$path" -H "Authorization: Bearer $password"
    refused "$path"
done

post_json "$BASE_URL/user/verify" "{\"user_identifier\": \"$PERSON\"}" -u "$BASIC"
expect_status 200
