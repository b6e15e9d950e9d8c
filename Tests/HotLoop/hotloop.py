"""Fails where the work for a request grows faster than the request.

Runs `hot-loop`, which answers requests of n, 2n and 4n bytes in every place of every route that a
peer fills. Counts instructions with callgrind, because they do not depend on the machine's load.
Without valgrind it takes the
least processor time of several tries, with generous limits.

    hotloop.py PROGRAM [PART]       PART limits the places
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Work in proportion to the bytes grows fourfold from n to 4n, or less where a constant part is
# large; quadratic work grows sixteenfold.
LIMITS = {"instructions": 5.0, "nanoseconds": 9.0}
# A small quadratic part hides behind a large linear one. The second doubling shows it: it adds
# twice what the first one adds if work is linear, four times if it is quadratic. It is judged where
# it adds enough to matter.
STEPS = {"instructions": 3.0, "nanoseconds": 100.0}
ENOUGH = 400_000
REPEATS = 7


def run(command: list[str]) -> list[tuple[str, str, int, int]]:
    environment = dict(os.environ, SWIFT_DETERMINISTIC_HASHING="1")
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"hot-loop ended with {result.returncode}: {result.stderr[-2000:]}")
    rows = []
    for line in result.stdout.splitlines():
        route, place, size, work = line.split("\t")
        rows.append((route, place, int(size), int(work)))
    return rows


def instructions(program: str, part: str) -> list[tuple[str, str, int, int]]:
    with tempfile.TemporaryDirectory() as folder:
        # Valgrind gives up on the compiler's debugging information; the symbols stay.
        stripped = f"{folder}/hot-loop"
        subprocess.run(["strip", "--strip-debug", "-o", stripped, program], check=True)
        rows = run([
            "valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={folder}/out",
            "--zero-before=*LoopBegins*", "--dump-before=*LoopEnds*", "--dump-line=no",
            stripped, "1", part,
        ])
        counts = []
        for number in range(1, len(rows) + 1):
            text = Path(f"{folder}/out.{number}").read_text(encoding="utf-8", errors="replace")
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
            if not total:
                raise SystemExit("callgrind gave no total")
            counts.append(int(total.group(1)))
    return [(*row[:3], count) for row, count in zip(rows, counts)]


def main() -> int:
    program = sys.argv[1]
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    if shutil.which("valgrind") and not os.environ.get("HOT_LOOP_TIME"):
        unit, rows = "instructions", instructions(program, part)
        print("Instructions, counted by callgrind.")
    else:
        unit, rows = "nanoseconds", run([program, str(REPEATS), part])
        print(f"Nanoseconds on a processor, the least of {REPEATS} tries: valgrind is not installed.")
    print(f"{'route':36} {'place':44} {'n':>6} {'n':>12} {'2n':>12} {'4n':>12} {'4n/n':>6} step")
    failed = 0
    cases = 0
    for index in range(0, len(rows), 3):
        (route, place, size, one), two, four = rows[index], rows[index + 1][3], rows[index + 2][3]
        first, second = two - one, four - two
        ratio = four / max(one, 1)
        step = second / first if first > 0 else 0.0
        if unit == "nanoseconds" and four < 2_000_000:
            ratio = min(ratio, 1.0)
        bad = ratio > LIMITS[unit] or (second > ENOUGH and step > STEPS[unit])
        cases += 1
        failed += bad
        mark = "  <-- faster than the input" if bad else ""
        print(f"{route:36} {place:44} {size:6} {one:12} {two:12} {four:12} {ratio:6.2f} {step:4.1f}{mark}")
    if cases == 0:
        failed = 1
        print("No place was tried.")
    print(f"{max(cases - failed, 0)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
