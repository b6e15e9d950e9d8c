#!/bin/bash
# Fails where the work for a request grows faster than the request. Prints the table. The build is
# optimised, because counting slows the program down fiftyfold.
#
#   test.sh               one place in three; all of them take twenty minutes (`make fuzz`)
#   test.sh PART [N]      the places whose names contain PART, or one in N of them; "" for all
set -uo pipefail
cd "$(dirname "$0")/../.."

SWIFT=${SWIFT:-swift}
# shellcheck disable=SC2086
$SWIFT build ${SWIFTFLAGS:-} -c release --static-swift-stdlib --product hot-loop 2>&1 | tail -5
python3 -B Tests/HotLoop/hotloop.py .build/release/hot-loop "${1-}" "${2-$(($# ? 1 : 3))}"
