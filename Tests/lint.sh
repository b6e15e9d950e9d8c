#!/bin/bash
# Check what the compiler and the formatter do not. Prints nothing on success.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0

# Every shell script parses.
while IFS= read -r script; do
    bash -n "$script" || failed=1
done < <(find Tests docker .ci -type f \( -name '*.sh' -o -path '.ci/*' \))

# Every Python script parses.
while IFS= read -r script; do
    python3 - "$script" <<'PYTHON' || failed=1
import ast, sys
ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])
PYTHON
done < <(find Tests -type f -name '*.py')

# The interface descriptions are valid, and so are their examples.
if [ -x openapi/check.sh ]; then openapi/check.sh || failed=1; fi

exit $failed
