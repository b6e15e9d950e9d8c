#!/bin/bash
# Takes pictures of the pages into .screenshots, which git ignores.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${BECKON:-}" ]; then
    BECKON=.build/release/beckon
    [ -x "$BECKON" ] || BECKON=.build/debug/beckon
fi
export BECKON="$PWD/${BECKON#"$PWD/"}" PYTHONDONTWRITEBYTECODE=1
exec python3 Tests/Browser/screenshots.py .screenshots
