"""Checks the metrics of a service with Prometheus's own `promtool check metrics`."""

import pathlib
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "BlackBox"))

from beckon import Beckon  # noqa: E402


def main():
    with Beckon(None, "http://127.0.0.1:9") as beckon:
        url = f"http://127.0.0.1:{beckon.management}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            metrics = answer.read()
    check = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True)
    sys.stdout.buffer.write(check.stdout + check.stderr)
    kinds = [line.split() for line in metrics.decode().splitlines() if line.startswith("# TYPE ")]
    wrong = [name for _, _, name, kind in kinds
             if name.endswith("_total") != (kind == "counter")]
    if wrong:
        print("counters end in _total, and nothing else does: " + ", ".join(wrong))
    print(f"promtool read {len(kinds)} metrics")
    return 1 if check.returncode or wrong else 0


sys.exit(main())
