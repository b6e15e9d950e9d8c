#!/bin/bash
# The authorization server asks for somebody whom nobody knows, and hears no; its client hears that
# there is no such user.
#
#   BASE_URL=http://127.0.0.1:8081 BASIC=acp:password Tests/Flows/verify-no.sh
. "$(dirname "$0")/lib.sh"

post_json "$BASE_URL/user/verify" '{"user_identifier": "nobody@example.com"}' -u "$BASIC"
expect_status 200
expect_member 'tojson' '{"valid":false}'

call -u "$CLIENT" -d scope=openid -d login_hint=nobody@example.com "$ISSUER/backchannel/authentication"
expect_status 400
expect_member .error unknown_user_id
