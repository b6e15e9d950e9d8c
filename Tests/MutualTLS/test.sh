#!/bin/bash
# Beckon and the simulated authorization server with a real nginx between them that requires client
# certificates. BECKON names the program; the build of `swift build` is the default.
set -uo pipefail
cd "$(dirname "$0")"

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# Everything is on this machine, whatever proxy leads out of it.
export no_proxy=localhost,127.0.0.1 NO_PROXY=localhost,127.0.0.1
python3 -B test_mutual_tls.py 2>&1 | tee "$out"
total=$(sed -nE 's/^Ran ([0-9]+) tests?.*/\1/p' "$out" | tail -1)
# "FAILED (failures=1, errors=2)"
failed=$(sed -nE 's/^FAILED \((.*)\)$/\1/p' "$out" | tail -1 |
    grep -oE '(failures|errors)=[0-9]+' | awk -F= '{ sum += $2 } END { print sum + 0 }')
if ! grep -qE '^(OK|FAILED)' "$out"; then failed=1; fi
total=${total:-0}
failed=${failed:-0}
echo "$((total > failed ? total - failed : 0)) passed, $failed failed"
[ "$failed" -eq 0 ]
