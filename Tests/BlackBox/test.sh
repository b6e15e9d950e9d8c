#!/bin/bash
# Drives the real program from outside, as an authorization server of its own and as the phone, and
# kills it a few times (`make crash` does that at length). BECKON names the program; the build of
# `swift build` is the default.
set -uo pipefail
cd "$(dirname "$0")"

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# shellcheck disable=SC2046
python3 -B -m unittest $(basename -s .py test_*.py) 2>&1 | tee "$out"
total=$(sed -nE 's/^Ran ([0-9]+) tests?.*/\1/p' "$out" | tail -1)
# "FAILED (failures=1, errors=2)"
broken=$(sed -nE 's/^FAILED \((.*)\)$/\1/p' "$out" | tail -1 |
    grep -oE '(failures|errors)=[0-9]+' | awk -F= '{ sum += $2 } END { print sum + 0 }')
if ! grep -qE '^(OK|FAILED)' "$out"; then broken=1; fi
total=${total:-0}
broken=${broken:-0}
passed=$((total > broken ? total - broken : 0))

python3 crash.py --rounds 3 --logins 100 2>&1 | tee "$out"
status=${PIPESTATUS[0]}
good=$(sed -nE 's/^([0-9]+) passed, .*/\1/p' "$out" | tail -1)
bad=$(sed -nE 's/^[0-9]+ passed, ([0-9]+) failed$/\1/p' "$out" | tail -1)
if [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then bad=1; fi

passed=$((passed + ${good:-0}))
failed=$((broken + ${bad:-0}))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
