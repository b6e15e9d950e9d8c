"""Fails where the work for a request grows faster than the request.

Runs `hot-loop`, which answers requests of n, 2n and 4n bytes in every place of every route that a
peer fills. Counts instructions with callgrind, because they do not depend on the machine's load.
What seems to grow too fast is counted again, several times, because the work of other logins may
have come between. Without valgrind it takes the least processor time of several tries, with
generous limits.

    hotloop.py PROGRAM [PART [N]]   PART limits the places; of them, one in N is tried
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


def instructions(program: str, part: str, repeats: int, every: str) -> list[tuple[str, str, int, int]]:
    with tempfile.TemporaryDirectory() as folder:
        # Valgrind gives up on the compiler's debugging information; the symbols stay.
        stripped = f"{folder}/hot-loop"
        subprocess.run(["strip", "--strip-debug", "-o", stripped, program], check=True)
        rows = run([
            "valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={folder}/out",
            "--zero-before=*LoopBegins*", "--dump-before=*LoopEnds*", "--dump-line=no",
            stripped, str(repeats), part, every,
        ])

        def count(number: int) -> int:
            text = Path(f"{folder}/out.{number}").read_text(encoding="utf-8", errors="replace")
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
            if not total:
                raise SystemExit("callgrind gave no total")
            return int(total.group(1))

        return [(*row[:3], min(count(index * repeats + number + 1) for number in range(repeats)))
                for index, row in enumerate(rows)]


class Case:
    """A place of a route, and the work for n, 2n and 4n bytes in it."""

    def __init__(self, rows: list[tuple[str, str, int, int]], unit: str):
        self.route, self.place, self.size = rows[0][:3]
        self.work = [row[3] for row in rows]
        one, two, four = self.work
        self.ratio = four / max(one, 1)
        self.step = (four - two) / (two - one) if two > one else 0.0
        if unit == "nanoseconds" and four < 2_000_000:
            self.ratio = min(self.ratio, 1.0)
        self.is_bad = (self.ratio > LIMITS[unit]
                       or (four - two > ENOUGH and self.step > STEPS[unit]))

    def __str__(self):
        one, two, four = self.work
        mark = "  <-- faster than the input" if self.is_bad else ""
        return (f"{self.route:36} {self.place:44} {self.size:6} {one:12} {two:12} {four:12} "
                f"{self.ratio:6.2f} {self.step:4.1f}{mark}")


def cases(rows: list[tuple[str, str, int, int]], unit: str) -> list[Case]:
    return [Case(rows[index:index + 3], unit) for index in range(0, len(rows), 3)]


def main() -> int:
    program = sys.argv[1]
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    every = sys.argv[3] if len(sys.argv) > 3 else "1"
    if shutil.which("valgrind") and not os.environ.get("HOT_LOOP_TIME"):
        unit = "instructions"
        found = cases(instructions(program, part, 1, every), unit)
        print("Instructions, counted by callgrind.")
        doubtful = "\n".join(f"{case.route} {case.place}" for case in found if case.is_bad)
        if doubtful:
            again = {(case.route, case.place): case
                     for case in cases(instructions(program, doubtful, REPEATS, "1"), unit)}
            found = [again.get((case.route, case.place), case) for case in found]
    else:
        unit = "nanoseconds"
        found = cases(run([program, str(REPEATS), part, every]), unit)
        print(f"Nanoseconds on a processor, the least of {REPEATS} tries: valgrind is not installed.")
    print(f"{'route':36} {'place':44} {'n':>6} {'n':>12} {'2n':>12} {'4n':>12} {'4n/n':>6} step")
    for case in found:
        print(case)
    failed = sum(case.is_bad for case in found)
    if not found:
        failed = 1
        print("No place was tried.")
    print(f"{max(len(found) - failed, 0)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
