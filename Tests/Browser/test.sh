#!/bin/bash
# Runs the browser scenarios in headless Chromium. Needs chromium and chromium-driver
# (Tests/setup.sh installs them). Words select scenarios: test.sh "Enter key".
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${BECKON:-}" ] && [ ! -x .build/debug/beckon ]; then
    ${SWIFT:-swift} build --product beckon >&2
fi
if [ -z "${GALLERY:-}" ] && [ ! -x .build/debug/gallery ]; then
    ${SWIFT:-swift} build --product gallery >&2
fi
export PYTHONDONTWRITEBYTECODE=1
exec python3 Tests/Browser/play.py "$@"
