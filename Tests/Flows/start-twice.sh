#!/bin/bash
# The authorization server repeats a start until it hears 200: five at once, one while the person
# looks, one after the end. All are acknowledged; there is one prompt and one report.
#
#   BASE_URL=http://127.0.0.1:8081 BASIC=acp:password \
#   SIM_CONTROL_URL=http://127.0.0.1:8083/_sim PHONE_URL=http://127.0.0.1:8080/demo/phone \
#   Tests/Flows/start-twice.sh
. "$(dirname "$0")/lib.sh"

acknowledged() {
    send_start
    expect_status 200
    expect_member 'tojson' '{"acknowledged":true}'
}

new_login
starts=()
for _ in 1 2 3 4 5; do
    acknowledged &
    starts+=($!)
done
for one in "${starts[@]}"; do wait "$one"; done
wait_for_prompt
acknowledged
decide deny
expect_status 200
wait_until_settled
acknowledged

call "$PHONE_URL"
expect_member "map(select(.login_id == \"$login_id\")) | length" 1
look
expect_member .phase settled
expect_member .outcome denied
ask_server
expect_member .effective_reports 1
expect_member .reject_calls 1
