#!/bin/bash
# Runs the browser scenarios in headless Chromium. Needs chromium and chromium-driver
# (Tests/setup.sh installs them). Words select scenarios: test.sh "Enter key".
set -euo pipefail
cd "$(dirname "$0")/../.."
for product in beckon beckon-lab gallery; do
    [ -x ".build/debug/$product" ] || ${SWIFT:-swift} build --product "$product" >&2
done
export PYTHONDONTWRITEBYTECODE=1
exec python3 Tests/Browser/play.py "$@"
