#!/bin/bash
# Runs every flow against a demo of its own. BECKON_LAB names the program; the build of `swift build`
# is the default.
set -uo pipefail
folder=$(realpath "$(dirname "$0")")
BECKON_LAB=$(realpath "${BECKON_LAB:-$folder/../../.build/debug/beckon-lab}")
cd "$folder"

# Everything is on this machine, whatever proxy leads out of it.
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
passed=0
failed=0
directory=$(mktemp -d)
"$BECKON_LAB" demo --port=0 --directory="$directory" >"$directory/addresses" 2>"$directory/log" &
demo=$!

stop() {
    kill "$demo" 2>/dev/null
    wait "$demo" 2>/dev/null
    rm -rf "$directory"
}
trap stop EXIT

# The last line of what the demo prints when everything listens.
end=$((SECONDS + 30))
until grep -qs 'Press Ctrl-C' "$directory/addresses"; do
    if ! kill -0 "$demo" 2>/dev/null || [ "$SECONDS" -ge "$end" ]; then
        echo "The demo did not start."
        cat "$directory/addresses" "$directory/log"
        echo "0 passed, 1 failed"
        exit 1
    fi
    sleep 0.1
done

address() { sed -nE "s/^ *$1 +(http.*)$/\1/p" "$directory/addresses"; }
page=$(address 'Open this page:')
BASE_URL=$(address Beckon)
SIM_URL=$(address 'authorization server')
SIM_CONTROL_URL=$(address 'its control')
PHONE_URL=${page%/}/demo/phone
PING_URL=${page%/}/demo/ping
export BASE_URL SIM_URL SIM_CONTROL_URL PHONE_URL PING_URL

result() { # result STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $2"
    else
        failed=$((failed + 1))
        echo "FAILED  $2"
        cat "$directory/flow"
    fi
}

for flow in *.sh; do
    case $flow in *lib.sh | test.sh) continue ;; esac
    timeout 60 "./$flow" >"$directory/flow" 2>&1
    result $? "${flow%.sh}"
done

# Whatever Beckon did that a strict authorization server would not have.
curl -fsS --max-time 10 "$SIM_CONTROL_URL/violations" >"$directory/flow" 2>&1 &&
    jq -e '. == []' "$directory/flow" >/dev/null
result $? "no violations"

if [ "$failed" -gt 0 ]; then tail -n 40 "$directory/log"; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
