"""README's commands for backup and restore: the store is copied while logins begin and end, restored in
another place, and continues there."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from files import ROOT

from acp import ACP
from beckon import BINARY, Beckon, Phone

SECTION = re.search(r"\n### Back up and restore\n(.*?)\n### ",
                    (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL).group(1)
BACKUP_FILE, RESTORE_FILE, BACKUP_SERVER, RESTORE_SERVER = re.findall(
    r"```sh\n(.*?)```", SECTION, re.DOTALL)
# So that the service signs something, and has keys for it.
TRUST = {"client_certificate": {"format": "pem_urlencoded", "header": "X-Client-Cert",
                                "trusted_hops": ["127.0.0.1/32"]}, "issuer": "https://login.example"}


class SQLite:
    """A store in a file. `copies` is the folder with the copies."""

    def __init__(self, copies):
        self.copies = copies

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def configured(self, beckon):
        """The group `store` of the configuration of a service."""
        return {"sqlite": {"path": str(beckon / "beckon.db")}}

    def back_up(self, beckon):
        run(BACKUP_FILE, self.copies, beckon)

    def restore(self, beckon):
        """What is in the way are the files of the service that was killed, with all that it wrote."""
        for file in (self.copies / "first").glob("beckon.db*"):
            if beckon.name != "first":
                shutil.copy(file, beckon)
        assert (beckon / "beckon.db-wal").exists()
        shutil.rmtree(self.copies / "replaced", ignore_errors=True)
        return run(RESTORE_FILE, self.copies, beckon)


class Postgres:
    """A store in a server of its own, which listens at a socket in a folder."""

    def __init__(self, copies):
        self.copies = copies
        self.own = tempfile.TemporaryDirectory(prefix="postgres-")
        self.programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"),
                            key=lambda path: int(path.parent.name))
        self.as_user = (["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
                        if os.geteuid() == 0 else [])

    def tool(self, name, *arguments):
        subprocess.run([*self.as_user, self.programs / name, *arguments], check=True,
                       capture_output=True, cwd="/")

    def __enter__(self):
        if self.as_user:
            shutil.chown(self.own.name, "postgres", "postgres")
        data = f"--pgdata={self.own.name}/data"
        self.tool("initdb", data, "--username=beckon", "--auth=trust", "--encoding=UTF8",
                  "--locale=C.UTF-8", "--no-sync")
        self.tool("pg_ctl", data, "--wait", f"--log={self.own.name}/log",
                  f"--options=-F -c listen_addresses= -c unix_socket_directories={self.own.name}",
                  "start")
        subprocess.run(["createdb", f"--host={self.own.name}", "--username=beckon", "beckon"],
                       check=True)
        return self

    def __exit__(self, *_):
        self.tool("pg_ctl", f"--pgdata={self.own.name}/data", "--mode=immediate", "stop")
        self.own.cleanup()

    def url(self, database):
        return f"postgresql://beckon@{urllib.parse.quote(self.own.name, safe='')}/{database}"

    def configured(self, beckon):
        database = "beckon" if beckon.name == "first" else "beckon_restored"
        return {"sqlite": None, "postgres": {"url": self.url(database)}}

    def here(self, commands):
        return commands.replace("postgresql://beckon@db.example/", self.url(""))

    def back_up(self, beckon):
        run(self.here(BACKUP_SERVER), self.copies, beckon)

    def restore(self, beckon):
        return run(self.here(RESTORE_SERVER), self.copies, beckon)


def run(commands, folder, beckon):
    """Runs commands of README, with the folder of a service for the system's; returns what they print.
    What only the system's own service needs is left out."""
    lines = [line for line in commands.splitlines() if not line.startswith(("systemctl ", "chown "))]
    script = "\n".join(lines).replace("/var/lib/beckon", str(beckon))
    script = script.replace("/etc/beckon/beckon.json5", f"{beckon}/beckon.json5")
    script = re.sub(r"^( *)beckon ", rf"\1{BINARY} ", script, flags=re.MULTILINE)
    done = subprocess.run(["bash", "-ec", script], cwd=folder, text=True, capture_output=True)
    assert done.returncode == 0, f"{script}\n{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def numbers(text):
    """What `beckon audit verify` prints."""
    return dict(line.split("\t") for line in text.splitlines())


class Traffic(threading.Thread):
    """Logins that begin one after the other, until it is stopped."""

    def __init__(self, acp):
        super().__init__()
        self.acp, self.started, self.stopped, self.failure = acp, [], threading.Event(), None
        self.start()

    def run(self):
        try:
            while not self.stopped.is_set():
                self.started.append(self.acp.start(lifetime=600))
        except Exception as error:  # It is raised again where the test waits.
            self.failure = error

    def more(self, count, limit=30):
        """Waits until so many have been acknowledged after now."""
        wanted, end = len(self.started) + count, time.monotonic() + limit
        while len(self.started) < wanted:
            assert self.failure is None and time.monotonic() < end, self.failure
            time.sleep(0.01)

    def stop(self):
        self.stopped.set()
        self.join(30)
        assert self.failure is None, self.failure


class Restored:
    """The tests for each kind of store, which `Store` names."""

    def setUp(self):
        self.place = contextlib.ExitStack()
        self.addCleanup(self.place.close)
        self.root = pathlib.Path(self.place.enter_context(
            tempfile.TemporaryDirectory(prefix="backup-")))
        self.store = self.place.enter_context(self.Store(self.root))
        self.phone = self.place.enter_context(Phone())
        self.acp = self.place.enter_context(ACP("http://127.0.0.1:9"))

    def service(self, name):
        """A service in a folder of its own, which is not started."""
        folder = self.root / name
        folder.mkdir()
        beckon = Beckon(self.phone, self.acp.url, {
            "trust": TRUST, "store": self.store.configured(folder)}, directory=folder)
        self.place.callback(beckon.close)
        return beckon

    def start(self, beckon):
        beckon.start()
        self.acp.beckon = urllib.parse.urlsplit(beckon.url)

    def keys(self, beckon):
        return beckon.request("GET", "/oauth2/jwks")

    def backed_up(self):
        """A service that is killed after its store has been copied, and what it had promised."""
        beckon = self.service("first")
        beckon.run("users", "add", "--user=customer-4711")
        self.start(beckon)
        self.approved, self.declined, self.open, self.later = (
            self.acp.start(lifetime=600) for _ in range(4))
        self.assertEqual(self.phone.decide(beckon, self.approved.id, "approve")[0], 200)
        self.assertEqual(self.phone.decide(beckon, self.declined.id, "deny")[0], 200)
        for login in (self.approved, self.declined):
            self.phone.receipt(beckon, login.id)
        for login in (self.open, self.later):
            self.phone.prompt(login.id)
        traffic = Traffic(self.acp)
        traffic.more(20)
        self.promised = [login for login in traffic.started if login]
        self.store.back_up(self.root / "first")
        traffic.more(5)
        traffic.stop()
        self.lost = traffic.started[-1]
        self.entries = beckon.run("audit", "export").splitlines()
        self.noted = numbers((self.root / "backup/audit").read_text())
        self.signing = self.keys(beckon)
        self.assertEqual(self.phone.decide(beckon, self.later.id, "deny")[0], 200)
        self.phone.receipt(beckon, self.later.id)
        for login in [*self.promised, self.lost]:
            self.phone.prompt(login.id)
        beckon.kill()
        return beckon

    def assert_unknown(self, beckon, login):
        page = urllib.parse.urlsplit(self.phone.prompt(login.id)["prompt_url"]).path
        self.assertEqual((self.phone.ask(beckon, "GET", login.id, "")[0],
                          beckon.request("GET", page)[0]), (401, 404))

    def test_a_copy_made_while_logins_begin_continues_elsewhere(self):
        self.backed_up()
        beckon = self.service("second")
        verified = numbers(self.store.restore(self.root / "second"))
        self.assertGreater(int(verified["entries"]), 0)
        self.assertGreaterEqual(int(verified["last"]), int(self.noted["last"]))
        self.start(beckon)
        # Everything that was acknowledged before the copy began.
        for login, outcome in ((self.approved, "approved"), (self.declined, "denied")):
            seen = self.phone.look(beckon, login.id)
            self.assertEqual((seen["phase"], seen["outcome"]), ("settled", outcome))
        for login in self.promised:
            [stored] = json.loads(beckon.run("logins", "list", f"--login={login.id}", "--json"))
            # One that was copied before it had a link is sent with another.
            self.assertIn(stored["phase"], ("preparing", "waiting"))
        for login in (self.open, self.later):
            self.assertEqual(self.phone.look(beckon, login.id)["phase"], "waiting")
        # The links that were sent before it work, and lead to reports.
        status, said = self.phone.decide(beckon, self.open.id, "approve")
        self.assertEqual((status, said["outcome"]), (200, "approved"))
        self.assertEqual(self.phone.receipt(beckon, self.open.id)["phase"], "settled")
        self.assertEqual((self.open.decision, self.open.effective), ("accept", 1))
        # The keys are the same, and the audit goes on where it was.
        self.assertEqual(self.keys(beckon), self.signing)
        whole = beckon.run("audit", "export").splitlines()
        last = int(verified["last"])
        self.assertEqual(whole[:last], self.entries[:last])
        noted = json.loads(whole[int(self.noted["last"]) - 1])
        self.assertEqual((str(noted["number"]), noted["hash"]),
                         (self.noted["last"], self.noted["head"]))
        self.assertGreater(int(numbers(beckon.run("audit", "verify"))["last"]), last)
        # What began after the copy is unknown, also when its number is used again; new logins begin.
        self.assert_unknown(beckon, self.lost)
        login = self.acp.start()
        self.assertEqual(self.phone.decide(beckon, login.id, "deny")[0], 200)
        self.assertEqual(self.phone.receipt(beckon, login.id)["phase"], "settled")
        self.assert_unknown(beckon, self.lost)

    def test_a_decision_after_the_copy_is_open_again_and_its_opposite_is_not_taken(self):
        self.backed_up()
        beckon = self.service("second")
        self.store.restore(self.root / "second")
        self.start(beckon)
        self.assertEqual(self.later.decision, "reject")
        self.assertEqual(self.phone.look(beckon, self.later.id)["phase"], "waiting")
        self.assertEqual(self.phone.decide(beckon, self.later.id, "approve")[0], 200)
        self.assertEqual(self.phone.receipt(beckon, self.later.id)["phase"], "stranded")
        self.assertEqual((self.later.decision, self.later.effective), ("reject", 1))

    def test_an_audit_that_was_changed_in_the_copy_is_found_before_it_is_served(self):
        self.backed_up()
        self.service("second")
        self.change_audit()
        with self.assertRaisesRegex(AssertionError, "audit verify .*\n1: (.*\n)*.*entry 1"):
            self.store.restore(self.root / "second")


class SQLiteBackup(Restored, unittest.TestCase):
    Store = SQLite

    def change_audit(self):
        subprocess.run(["sqlite3", str(self.root / "backup/beckon.db"),
                        "DELETE FROM audit WHERE number = 1"], check=True)

    def test_a_prompt_that_is_repeated_has_the_same_link_only_with_the_ticket_key(self):
        beckon = self.service("first")
        beckon.run("users", "add", "--user=customer-4711")
        self.phone.is_busy = True
        self.start(beckon)
        login = self.acp.start(lifetime=600)
        with self.phone.landed:
            self.assertTrue(self.phone.landed.wait_for(lambda: self.phone.refused, timeout=10))
        first = json.loads(self.phone.refused[0][1]["body"])["data"]["ticket"]
        self.store.back_up(self.root / "first")
        beckon.kill()
        self.phone.is_busy = False
        for name, is_kept in (("second", True), ("third", False)):
            self.phone.prompts.clear()
            if not is_kept:
                (self.root / "backup/beckon.db-tickets").unlink()
            beckon = self.service(name)
            self.store.restore(self.root / name)
            self.start(beckon)
            ticket = self.phone.prompt(login.id, limit=30)["ticket"]
            self.assertEqual(ticket == first, is_kept, name)
            beckon.stop()

    def test_only_root_reads_the_copies(self):
        self.backed_up()
        for file in (self.root / "backup").iterdir():
            self.assertEqual(file.stat().st_mode & 0o077, 0, file.name)


class PostgresBackup(Restored, unittest.TestCase):
    Store = Postgres

    def change_audit(self):
        self.skipTest("a dump cannot be changed")


if __name__ == "__main__":
    unittest.main()
