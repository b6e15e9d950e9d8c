#!/bin/bash
# Each fuzz target compiles with the sources as they are. `make fuzz` runs them.
set -uo pipefail
passed=0
failed=0
for target in parser canonical jose consent language form number grant certificate name assertion proof idtoken cookie cbor cose authdata clientdata match device; do
    if "$(dirname "$0")/run.sh" 0 "$target"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
