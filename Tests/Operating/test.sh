#!/bin/bash
# What operators are given: compose, nginx, Prometheus, Grafana and Kubernetes files, and the commands
# for backup and restore. BECKON and BECKON_LAB name the programs; the builds of `swift build` are the
# default.
set -uo pipefail
cd "$(dirname "$0")"

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# Everything is on this machine, whatever proxy leads out of it.
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
# It has the schemas of Kubernetes and of compose. Without it the tests that need them are skipped.
python=../../.venv/operating/bin/python
[ -x "$python" ] || python=/usr/bin/python3
# Ports are held until the process ends, which Python would mention.
"$python" -B -W ignore::ResourceWarning -m unittest discover -v -p 'test_*.py' 2>&1 | tee "$out"
total=$(sed -nE 's/^Ran ([0-9]+) tests?.*/\1/p' "$out" | tail -1)
broken=$(sed -nE 's/^FAILED \((.*)\)$/\1/p' "$out" | tail -1 |
    grep -oE '(failures|errors)=[0-9]+' | awk -F= '{ sum += $2 } END { print sum + 0 }')
if ! grep -qE '^(OK|FAILED)' "$out"; then broken=1; fi
# "OK (skipped=2)": what was skipped has not passed; its reason is printed above.
skipped=$(sed -nE 's/^(OK|FAILED) \(.*skipped=([0-9]+).*\)$/\2/p' "$out" | tail -1)
total=$((${total:-0} - ${skipped:-0}))
broken=${broken:-0}
echo "$((total > broken ? total - broken : 0)) passed, $broken failed"
[ "$broken" -eq 0 ]
