#!/bin/bash
# The person approves, once and for all: saying it again changes nothing, the opposite is refused.
#
#   BASE_URL=http://127.0.0.1:8081 BASIC=acp:password \
#   SIM_CONTROL_URL=http://127.0.0.1:8083/_sim PHONE_URL=http://127.0.0.1:8080/demo/phone \
#   Tests/Flows/approve.sh
. "$(dirname "$0")/lib.sh"

new_login
send_start
expect_status 200
wait_for_prompt
decide approve
expect_status 200
wait_until_settled
expect_member .outcome approved
expect_member .delivery delivered

decide approve
expect_status 200
decide deny
expect_status 409

ask_server
expect_member .state approved
expect_member '.decision.granted_scopes | join(" ")' "openid profile"
expect_member .effective_reports 1
expect_member .reject_calls 0
