#!/bin/bash
# Nobody answers. The prompt ends shortly before the login; nothing can be decided any more; the
# server is told nothing, so that its client hears the truth.
#
#   BASE_URL=http://127.0.0.1:8081 BASIC=acp:password SIM_URL=http://127.0.0.1:8082 \
#   SIM_CONTROL_URL=http://127.0.0.1:8083/_sim PHONE_URL=http://127.0.0.1:8080/demo/phone \
#   CLIENT=kiosk:kiosk-secret Tests/Flows/expire.sh
. "$(dirname "$0")/lib.sh"

has_expired() {
    ask_server
    [ "$(jq -r .state <<<"$body")" = expired ]
}

new_login 6
send_start
expect_status 200
wait_for_prompt
wait_until_settled
expect_member .outcome expired
decide approve
expect_status 410

within 15 "the end of the login" has_expired
expect_member .accept_calls 0
expect_member .reject_calls 0
redeem "$CLIENT"
expect_status 400
expect_member .error expired_token
