#!/bin/bash
# The product has no code of the lab and nothing else that exists to misbehave. BECKON_UNSTRIPPED
# names the program, LAB_UNSTRIPPED the lab's, where everything that is searched for must be found;
# the builds of `swift build` are the default.
set -uo pipefail
builds=$(realpath "$(dirname "$0")/../../.build/debug")
beckon=${BECKON_UNSTRIPPED:-$builds/beckon}
lab=${LAB_UNSTRIPPED:-$builds/beckon-lab}
passed=0
failed=0

# Mangled names of everything in the modules Lab and beckon_lab; what breaks connections; the
# addresses and fields of the simulators.
symbols=('\$s3Lab' '\$s10beckon_lab' 'LineFault' 'FaultRelay' 'KnobBoard')
texts=('/_sim/' 'Lab-Fault' 'simulated_failure' '/demo/phone')
# Misbehaviour that the product had once and nobody has now.
gone=('ConnectionDrop' 'dropsConnection' 'LimitedToTLS11' 'limitToTLS')

result() { # result STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $2"
    else
        failed=$((failed + 1))
        echo "FAILED  $2"
    fi
}

lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
for program in beckon lab; do
    nm "${!program}" >"$lists/$program.nm" 2>/dev/null
    strings -n 5 "${!program}" >"$lists/$program.strings" 2>/dev/null
done

# A stripped program would pass everything.
grep -q '\$s3App' "$lists/beckon.nm"
result $? "beckon has symbols"
for kind in nm strings; do
    if [ "$kind" = nm ]; then wanted=("${symbols[@]}"); else wanted=("${texts[@]}"); fi
    for word in "${wanted[@]}"; do
        grep -q -- "$word" "$lists/lab.$kind"
        result $? "beckon-lab has $word ($kind)"
        ! grep -q -- "$word" "$lists/beckon.$kind"
        result $? "beckon does not have $word ($kind)"
    done
done
for word in "${gone[@]}"; do
    ! grep -q -- "$word" "$lists/beckon.nm"
    result $? "beckon does not have $word (nm)"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
