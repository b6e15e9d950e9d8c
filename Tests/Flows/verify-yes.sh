#!/bin/bash
# The authorization server asks whether a person can be reached, and hears yes.
#
#   BASE_URL=http://127.0.0.1:8081 BASIC=acp:password PERSON=anna@example.com Tests/Flows/verify-yes.sh
. "$(dirname "$0")/lib.sh"

post_json "$BASE_URL/user/verify" "{\"user_identifier\": \"$PERSON\"}" -u "$BASIC"
expect_status 200
expect_header Content-Type application/json
expect_member 'tojson' '{"valid":true}'
