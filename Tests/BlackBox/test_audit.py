"""Whoever changes stored rows of the audit is found by `beckon audit verify`, which says where.

BECKON_EDITS is how many random changes are tried: 60 by default, 10,000 in `make crash`.
"""

import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from beckon import BINARY, Beckon

EDITS = int(os.environ.get("BECKON_EDITS", "60"))
ENTRIES = 24


class AuditTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="beckon-")
        cls.root = pathlib.Path(cls.folder.name)
        cls.addClassCleanup(cls.folder.cleanup)
        beckon = Beckon(None, "http://127.0.0.1:9", {"store": {"sqlite": {"path": "beckon.db"}}},
                        directory=cls.root)
        beckon.run("migrate")
        key = cls.root / "key.pem"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                        f"{key}.secret"], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", f"{key}.secret", "-pubout", "-out", str(key)],
                       check=True, capture_output=True)
        for number in range(ENTRIES):
            beckon.run("clients", "add", f"--id=client-{number}", "--type=user", "--name=A tool",
                       f"--key={key}", "--scope=admin:read")
        with sqlite3.connect(cls.root / "beckon.db") as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cls.rows = store.execute("SELECT number, entry, hash FROM audit ORDER BY number").fetchall()
        store.close()
        cls.config = beckon.file.read_text()

    def verify(self, folder, edit):
        """What the command says about a copy of the store after an edit."""
        shutil.copy(self.root / "beckon.db", folder / "beckon.db")
        store = sqlite3.connect(folder / "beckon.db")
        with store:
            edit(store)
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        return subprocess.run([BINARY, "audit", "verify", f"--config={folder}/beckon.json5"],
                              text=True, capture_output=True, timeout=60)

    def change(self, dice):
        """A random change: its name, what it does, and the first entry that is wrong then."""
        place = dice.randrange(len(self.rows))
        number, entry, digest = self.rows[place]

        def flipped(value):
            at = dice.randrange(len(value))
            return value[:at] + bytes([value[at] ^ dice.randint(1, 255)]) + value[at + 1:]

        def put(store, number, entry, digest):
            store.execute("UPDATE audit SET entry = ?, hash = ? WHERE number = ?", (entry, digest, number))

        kind = dice.choice(["entry", "hash", "removal", "swap", "truncation", "shortening"])
        if kind == "entry":
            changed = flipped(entry)
            return kind, lambda store: put(store, number, changed, digest), number
        if kind == "hash":
            changed = flipped(digest)
            return kind, lambda store: put(store, number, entry, changed), number
        if kind == "shortening":
            changed = entry[:dice.randrange(len(entry))]
            return kind, lambda store: put(store, number, changed, digest), number
        if kind == "removal":
            last = number + dice.randrange(3)
            return kind, lambda store: store.execute(
                "DELETE FROM audit WHERE number BETWEEN ? AND ?", (number, last)), number
        if kind == "truncation":
            return kind, lambda store: store.execute("DELETE FROM audit WHERE number >= ?", (number,)), number
        other = self.rows[(place + 1 + dice.randrange(len(self.rows) - 1)) % len(self.rows)]

        def swap(store):
            put(store, number, *other[1:])
            put(store, other[0], entry, digest)

        return kind, swap, min(number, other[0])

    def test_random_changes_of_stored_rows_are_found_where_they_are(self):
        seed = random.randrange(1 << 30)

        def work(worker, count):
            dice = random.Random(f"{seed}-{worker}")
            folder = self.root / f"worker-{worker}"
            folder.mkdir()
            (folder / "beckon.json5").write_text(self.config)
            whole = self.verify(folder, lambda store: None)
            self.assertEqual(whole.returncode, 0, whole.stderr)
            for _ in range(count):
                kind, edit, first = self.change(dice)
                found = self.verify(folder, edit)
                place = re.search(r"the audit is not whole: .*?\bentry (\d+)", found.stderr)
                self.assertEqual((found.returncode, place and int(place[1])), (1, first),
                                 f"{kind}, seed {seed}: {found.stderr} {found.stdout}")

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(work, worker, EDITS // 4) for worker in range(4)]:
                done.result()


if __name__ == "__main__":
    unittest.main()
