#!/bin/bash
# Takes pictures of the pages into .screenshots, which git ignores.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${BECKON:-}" ]; then
    BECKON=$PWD/.build/release/beckon
    [ -x "$BECKON" ] || BECKON=$PWD/.build/debug/beckon
fi
if [ -z "${GALLERY:-}" ] && [ ! -x .build/debug/gallery ]; then
    ${SWIFT:-swift} build --product gallery >&2
fi
export BECKON PYTHONDONTWRITEBYTECODE=1
exec python3 Tests/Browser/screenshots.py .screenshots
