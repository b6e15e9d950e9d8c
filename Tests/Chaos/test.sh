#!/bin/bash
# Two replicas are exchanged for the next version under load; then three replicas and their PostgreSQL
# are killed, stopped, cut off and given wrong clocks for a minute or two (`make chaos` does that at
# length). BECKON and BECKON_LAB name the programs; the builds of `swift build` are the default.
set -uo pipefail
cd "$(dirname "$0")"

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# Everything is on this machine, whatever proxy leads out of it.
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost

passed=0
failed=0
for script in rolling.py "chaos.py --kills ${KILLS:-20}"; do
    # shellcheck disable=SC2086
    python3 -B $script 2>&1 | tee "$out"
    status=${PIPESTATUS[0]}
    read -r good bad < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$out" | tail -1)
    # It may have ended before it counted.
    if [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then bad=1; fi
    passed=$((passed + ${good:-0}))
    failed=$((failed + ${bad:-0}))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
