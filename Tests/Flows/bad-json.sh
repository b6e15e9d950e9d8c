#!/bin/bash
# Bodies that make no sense are refused with 400 and leave nothing: the same login can be started
# properly afterwards.
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

new_login
id="\"login_id\": \"$login_id\""
person="\"user_identifier\": \"$PERSON\""
refused /authentication/start ''
refused /authentication/start "{$id, $person"
refused /authentication/start "[{$id, $person}]"
refused /authentication/start "{$id, $person} and more"
refused /authentication/start "{$id, $id, $person}"
refused /authentication/start "{$id}"
refused /authentication/start "{$person}"
refused /authentication/start "{$id, \"user_identifier\": null}"
refused /authentication/start "{$id, \"user_identifier\": [\"$PERSON\"]}"
refused /authentication/start "{\"login_id\": 1, $person}"
refused /authentication/start "{\"login_id\": \"a\\u0000b\", $person}"
refused /authentication/start "{$id, $person, \"expires_at\": \"tomorrow\"}"
refused /authentication/start "{$id, $person, \"requested_scopes\": [1]}"

# Had one of them been kept, this would count as its repeat, and its message would not be shown.
send_start
expect_status 200
wait_for_prompt
expect_member "map(select(.login_id == \"$login_id\")) | length" 1
decide cancel
expect_status 200
