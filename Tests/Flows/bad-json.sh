#!/bin/bash
# Bodies that make no sense are refused with 400 and leave nothing, unless a start can be named: then
# it is acknowledged and reported as failed, because the server would only repeat it.
#
#   BASE_URL=http://127.0.0.1:8081 BASIC=acp:password \
#   SIM_CONTROL_URL=http://127.0.0.1:8083/_sim PHONE_URL=http://127.0.0.1:8080/demo/phone \
#   Tests/Flows/bad-json.sh
. "$(dirname "$0")/lib.sh"

refused() { # refused PATH BODY
    post_json "$BASE_URL$1" "$2" -u "$BASIC"
    expect_status 400
    expect_member .error invalid_request
    expect_member '.error_description | length > 0' true
}

refused /user/verify ''
refused /user/verify '{"user_identifier": '
expect_member '.error_description | contains("at byte 20:")' true
refused /user/verify "[\"$PERSON\"]"
refused /user/verify '{}'
refused /user/verify '{"user_identifier": 4711}'
refused /user/verify "{\"user_identifier\": \"$PERSON\"} and more"

person="\"user_identifier\": \"$PERSON\""
refused /authentication/start ''
refused /authentication/start "{$person}"
refused /authentication/start "{\"login_id\": 1, $person}"

taken() { # taken MEMBERS: of a login of its own
    new_login
    post_json "$BASE_URL/authentication/start" "{\"login_id\": \"$login_id\", $1" -u "$BASIC"
    expect_status 200
}

taken "$person"
taken "$person} and more"
taken "\"user_identifier\": null}"
taken "\"user_identifier\": [\"$PERSON\"]}"
taken "$person, \"expires_at\": \"tomorrow\"}"
taken "$person, \"requested_scopes\": [1]}"

# None of them hinders the next one.
new_login
send_start
expect_status 200
wait_for_prompt
expect_member "map(select(.login_id == \"$login_id\")) | length" 1
decide cancel
expect_status 200
