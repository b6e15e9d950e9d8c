#!/bin/bash
# A person's device: enrolled with a code, it sees what is asked, approves with its key and PIN, declines
# and reports. It uses the public device API only.
#
#   BECKON=.build/debug/beckon BECKON_LAB=.build/debug/beckon-lab Tests/Flows/device.sh
. "$(dirname "$0")/trust-lib.sh"
ACP=http://127.0.0.1:$(free_port)
CONTROL=127.0.0.1:$(free_port)
MORE='approval: {
    device_key: true,
    rules: [{ name: "with PIN", scope: "profile", allow: [{ any_of: ["device_key_pin"], acr: "urn:bank:2fa" }] }],
},'
start_service
simulate acp "${ACP#http://}" "$CONTROL" --service-password=a-password-between-acp-and-beckon-4711 \
    --system-client-secret=a-secret-between-acp-and-beckon-4711
admin users add --user="$PERSON" >/dev/null

# device NAME COMMAND OPTION…: the device with that name; what it prints is in $shown.
device() {
    shown=$("$BECKON_LAB" device "$2" --file="$folder/$1.json" --ca="$folder/server.pem" "${@:3}" \
        2>"$folder/error")
}
says() { grep -qF -- "$1" <<<"$shown" || fail "the device does not show \"$1\": $shown"; }
refused() { # refused TEXT COMMAND…
    if "${@:2}"; then fail "this was not refused: ${*:2}"; fi
    grep -qF -- "$1" "$folder/error" || fail "expected \"$1\", found $(<"$folder/error")"
}
code() { admin devices enrol --user="$PERSON" --json | jq -r .code; }
enrol() { device "$1" enrol --service-url="$ISSUER" --code="$2" --name="$1" "${@:3}"; }

# A code enrols one device, and a wrong one none.
printf '2468\n' >"$folder/pin"
chmod 600 "$folder/pin"
first=$(code)
refused 404 enrol wrong ZZZZ-ZZZZ-ZZZZ
enrol phone "$first" --pin-file="$folder/pin"
says "enrolled: device"
[ "$(stat -c %a "$folder/phone.json")" = 600 ] || fail "others can read the key"
refused 404 enrol again "$first"
[ ! -e "$folder/again.json" ] || fail "a key that nobody knows is kept"
enrol tablet "$(code)" --alg=EdDSA

# begin SCOPE…: a login at the authorization server: $login.
begin() {
    post_json "http://$CONTROL/_sim/logins" "$(jq -n --arg user "$PERSON" --arg message "$message" \
        '{$user, scopes: $ARGS.positional, binding_message: $message}' --args "$@")"
    expect_status 201
    login=$(jq -r .login_id <<<"$body")
}
ended() { # ended OUTCOME
    call "http://$CONTROL/_sim/logins/$login"
    [ "$(jq -r '.decision.outcome // empty' <<<"$body")" = "$1" ]
}

# The device shows what is asked before it approves, with its key.
begin openid
device phone approve --wait=15 --yes
says "login $login"
says "message: $message"
says "permission:"
says "outcome: approved"
within 15 "the report" ended approved

# A clock that is ten minutes off makes no difference.
begin openid
device tablet approve --wait=15 --yes --clock-offset=-600
says "outcome: approved"
within 15 "the report" ended approved

# Without saying yes nothing is decided.
begin openid
refused "nothing was decided" device phone approve --wait=15 </dev/null
device phone decline --login="$login"
says "outcome: denied"
within 15 "the report" ended rejected

# The policy wants the PIN: without it, with a wrong one, then with the right one.
begin profile
refused "method" device phone approve --wait=15 --yes
printf '1357\n' >"$folder/wrong-pin"
chmod 600 "$folder/wrong-pin"
refused "attempts left" device phone approve --login="$login" --yes --pin-file="$folder/wrong-pin"
device phone approve --login="$login" --yes --pin-file="$folder/pin"
says "acr: urn:bank:2fa"
within 15 "the report" ended approved

# "This wasn't me."
begin openid
device tablet report --wait=15
says "decision: fraud"
within 15 "the report" ended rejected

# A device that watches sees a login come and go.
"$BECKON_LAB" device watch --file="$folder/phone.json" --ca="$folder/server.pem" --for=20 >"$folder/seen" 2>&1 &
watching=$!
simulators+=("$watching")
begin openid
arrives() { grep -qF "login $login" "$folder/seen"; }
within 15 "the login on the device that watches" arrives
device tablet decline --login="$login"
goes() { grep -qF "answered elsewhere $login: denied" "$folder/seen"; }
within 5 "its withdrawal" goes

# A device that is revoked can do nothing any more.
tablet=$(admin devices list --user="$PERSON" --json | jq -r '.[] | select(.name == "tablet").id')
admin devices revoke --user="$PERSON" --device="$tablet" >/dev/null
refused 401 device tablet decline --login="$login"
audited '.event == "device.enrolled"'
audited '.event == "device.revoked"'
admin audit verify >/dev/null || fail "the audit is not whole"
