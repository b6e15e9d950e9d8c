#!/bin/bash
# The person declines, once and for all: an approval that comes later is refused.
#
#   BASE_URL=http://127.0.0.1:8081 BASIC=acp:password \
#   SIM_CONTROL_URL=http://127.0.0.1:8083/_sim PHONE_URL=http://127.0.0.1:8080/demo/phone \
#   Tests/Flows/decline.sh
. "$(dirname "$0")/lib.sh"

new_login
send_start
expect_status 200
wait_for_prompt
decide deny
expect_status 200
wait_until_settled
expect_member .outcome denied
expect_member .delivery delivered

decide approve
expect_status 409

ask_server
expect_member .state rejected
expect_member .effective_reports 1
expect_member .accept_calls 0
