"""Clocks that are set while programs read them."""

import mmap
import pathlib
import shutil
import subprocess
import threading
import time

SOURCE = pathlib.Path(__file__).with_name("clock.c")


def compiler():
    """Swift comes with one."""
    return next(filter(None, map(shutil.which, ("cc", "clang"))), None)


def build(folder):
    """The library that gives a program such a clock; None without a C compiler."""
    if not compiler():
        return None
    library = pathlib.Path(folder) / "clock.so"
    subprocess.run([compiler(), "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)], check=True)
    library.chmod(0o755)
    return library


class Clock:
    """How many seconds one machine's time of day is ahead of ours, and was at any time."""

    def __init__(self, library, file):
        self.library, self.file = library, pathlib.Path(file)
        self.lock, self.settings = threading.Lock(), [(0.0, 0.0)]
        self.file.write_bytes(bytes(8))
        self.file.chmod(0o644)
        with open(self.file, "r+b") as opened:
            self.page = mmap.mmap(opened.fileno(), 8)

    @property
    def environment(self):
        """What a program needs to live by it."""
        if not self.library:
            return {}
        return {"LD_PRELOAD": str(self.library), "CHAOS_CLOCK": str(self.file)}

    @property
    def ahead(self):
        with self.lock:
            return self.settings[-1][1]

    def set(self, ahead):
        with self.lock:
            # One store, so nobody reads half of it.
            memoryview(self.page).cast("q")[0] = round(ahead * 1e9)
            self.settings.append((time.monotonic(), ahead))

    def between(self, begin, end):
        """The least and the most that it was ahead, by the monotonic clock's moments."""
        with self.lock:
            settings = list(self.settings)
        # It may have been read just before it was set.
        ends = [moment + 0.05 for moment, _ in settings[1:]] + [float("inf")]
        found = [ahead for (moment, ahead), until in zip(settings, ends)
                 if moment - 0.05 <= end and until >= begin]
        return min(found), max(found)
