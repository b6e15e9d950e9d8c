#!/bin/bash
# Three replicas and their PostgreSQL are killed, stopped, cut off and given wrong clocks for a minute (`make
# chaos` does that at length). BECKON names the program; the build of `swift build` is the default.
set -uo pipefail
cd "$(dirname "$0")"

# Everything is on this machine, whatever proxy leads out of it.
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
exec python3 -B chaos.py --kills "${KILLS:-20}"
