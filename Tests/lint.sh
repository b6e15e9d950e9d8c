#!/bin/bash
# Checks what the compiler and the formatter do not. Says nothing when all is well.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0

# Every shell script can be read.
while IFS= read -r script; do
    bash -n "$script" || failed=1
done < <(find Tests docker .ci -type f \( -name '*.sh' -o -path '.ci/*' \))

# Every Python script can be read.
while IFS= read -r script; do
    python3 - "$script" <<'PYTHON' || failed=1
import ast, sys
ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])
PYTHON
done < <(find Tests -type f -name '*.py')

# The interface description is checked by whoever wrote it.
if [ -x openapi/check.sh ]; then openapi/check.sh || failed=1; fi

exit $failed
