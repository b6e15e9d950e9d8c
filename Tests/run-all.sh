#!/bin/bash
# Run every test. The last line is "N passed, N failed".
#
# Besides `swift test`, every executable Tests/*/test.sh is a runner (flows, black box, browser). A
# runner prints its progress, ends with a line "N passed, N failed", and exits 0 if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

SWIFT=${SWIFT:-swift}
passed=0
failed=0
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

say() { printf '\n== %s\n' "$*"; }

say "Building"
# shellcheck disable=SC2086
if ! $SWIFT build --build-tests ${SWIFTFLAGS:-} 2>&1 | tee "$out/build"; then
    echo "0 passed, 1 failed"
    exit 1
fi
# Compiler warnings are errors already. This catches warnings of the package manager.
if grep -q 'warning:' "$out/build"; then
    echo "The build has warnings."
    failed=$((failed + 1))
fi

say "Swift tests"
# A thousand tests at once would wait for the few threads of Swift's pool, and their limits with them.
# shellcheck disable=SC2086
$SWIFT test --skip-build --disable-xctest --experimental-maximum-parallelization-width 12 \
    ${SWIFTFLAGS:-} 2>&1 | tee "$out/swift" |
    grep --line-buffered -E '^(✘|✔ Suite|◇ Test run|✔ Test run|↳|error:|fatal|.*Fatal error)' || true
status=${PIPESTATUS[0]}
# "Test run with 120 tests in 12 suites passed after 3.1 seconds."
total=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$out/swift" | tail -1)
broken=$(grep -E '^✘ Test .* failed after' "$out/swift" | grep -cvE '^✘ Test run with' || true)
if [ "$status" -ne 0 ] && [ "$broken" -eq 0 ]; then broken=1; fi
if [ -z "$total" ] || [ "$total" -eq 0 ]; then
    tail -50 "$out/swift"
    total=0
    broken=1
fi
passed=$((passed + (total > broken ? total - broken : 0)))
failed=$((failed + broken))

# These have no limits of time, so they run beside the others, behind them where they can: what the
# package manager starts does not keep the nice value.
beside=(Fuzz HotLoop Packaging)
for name in "${beside[@]}"; do
    (
        nice -n 19 "Tests/$name/test.sh" >"$out/$name" 2>&1
        echo $? >"$out/$name.status"
    ) &
done

for runner in Tests/*/test.sh; do
    [ -x "$runner" ] || continue
    name=$(basename "$(dirname "$runner")")
    say "$name"
    if [[ " ${beside[*]} " == *" $name "* ]]; then
        wait
        status=$(<"$out/$name.status")
        tee "$out/runner" <"$out/$name"
    else
        "$runner" 2>&1 | tee "$out/runner"
        status=${PIPESTATUS[0]}
    fi
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$out/runner" | tail -1)
    good=$(sed -nE 's/^([0-9]+) passed, .*/\1/p' <<<"$counts")
    bad=$(sed -nE 's/.*passed, ([0-9]+) failed$/\1/p' <<<"$counts")
    if [ -z "$counts" ] || { [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; }; then
        echo "$runner exited with $status but reported no failure."
        bad=$((${bad:-0} + 1))
    fi
    passed=$((passed + ${good:-0}))
    failed=$((failed + bad))
done

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
