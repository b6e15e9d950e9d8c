#!/bin/bash
# A login is started, the prompt reaches the phone, and shows what was asked.
#
#   BASE_URL=http://127.0.0.1:8081 BASIC=acp:password \
#   SIM_CONTROL_URL=http://127.0.0.1:8083/_sim PHONE_URL=http://127.0.0.1:8080/demo/phone \
#   Tests/Flows/start.sh
. "$(dirname "$0")/lib.sh"

new_login
send_start
expect_status 200
expect_member 'tojson' '{"acknowledged":true}'

wait_for_prompt
look
expect_status 200
expect_member .id "$(jq -r .login_id <<<"$start")"
expect_member .phase waiting
expect_member .binding_message "$message"
expect_member .client.name "Coffee kiosk"
expect_member '.scopes | map(.name) | join(" ")' "openid profile"
expect_member '.allowed_decisions | index("approve") != null' true

# Nobody else's ticket opens it.
ticket=guess look
expect_status 401

decide cancel
expect_status 200
