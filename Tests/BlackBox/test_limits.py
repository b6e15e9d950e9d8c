"""Limits of the system that others can reach: they cost time, and nothing else."""

import os
import pathlib
import pwd
import resource
import shutil
import subprocess
import tempfile
import time
import unittest

import beckon
from acp import ACP
from beckon import Beckon


class Processes(unittest.TestCase):
    """A limit on processes and threads does not bind root, so Beckon runs as another user."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="beckon-limits-")
        self.folder = pathlib.Path(self.place.name)
        self.addCleanup(self.place.cleanup)
        self.sent = self.folder / "sent"
        command = self.folder / "send"
        command.write_text(f"#!/bin/sh\nexec cat >> {self.sent}\n")
        command.chmod(0o755)
        self.acp = ACP("http://127.0.0.1:1")
        self.addCleanup(self.acp.__exit__)
        self.beckon = Beckon(None, self.acp.url, directory=self.folder, config={
            "channels": {"phone": {
                "kind": "exec", "argv": [str(command)],
                "url": None, "secrets": None, "allow_internal": None}}})
        self.addCleanup(lambda: self.beckon.process and self.beckon.kill())
        self.addCleanup(self.beckon.stop, 10)
        self.beckon.run("users", "add", "--user=anna")
        if os.geteuid() == 0:
            self.leave_root()
        self.beckon.start()
        self.acp.beckon = self.acp.beckon._replace(netloc=f"127.0.0.1:{self.beckon.port}")

    def leave_root(self):
        """The program, too, may lie where only root can read."""
        program = self.folder / "beckon"
        shutil.copy(beckon.BINARY, program)
        nobody = pwd.getpwnam("nobody")
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        self.beckon.program = str(program)
        self.beckon.spawning = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def limit(self, number):
        """As the user of the process, who may change its soft limit."""
        user = {name: value for name, value in self.beckon.spawning.items() if name != "preexec_fn"}
        subprocess.run(["prlimit", f"--pid={self.beckon.process.pid}", f"--nproc={number}:"],
                       check=True, **user)

    def test_without_threads_a_login_waits_and_all_else_goes_on(self):
        for is_warm in (False, True):
            with self.subTest("with connections" if is_warm else "before the first call"):
                self.sent.unlink(missing_ok=True)
                self.limit(1)
                logins = [self.acp.start(user="anna") for _ in range(20)]
                self.assertNotIn(None, logins)
                if is_warm:
                    line = self.beckon.logged("channel.command_not_started")
                    self.assertEqual((line["channel"], line["error_number"]), ("phone", 11))
                else:
                    line = self.beckon.logged("preparation.delayed", login_id=logins[0].id)
                    self.assertIn("the system gives no thread", line["cause"])
                health = self.beckon.request("GET", "/health/live", port=self.beckon.management)
                self.assertEqual(health[0], 200)
                self.assertIn("beckon_logins", self.beckon.metrics())
                self.assertFalse(self.sent.exists())
                self.limit(resource.getrlimit(resource.RLIMIT_NPROC)[1])
                end = time.monotonic() + 40
                while any(login.id not in self.text() for login in logins):
                    self.assertLess(time.monotonic(), end, "not delivered after the limit")
                    time.sleep(0.1)
                self.assertEqual(self.text().count("login.prompt"), 20)
                self.assertIsNone(self.beckon.process.poll())

    def test_without_threads_it_still_stops(self):
        self.limit(1)
        self.acp.start(user="anna")
        self.beckon.stop(10)
        self.assertEqual(self.beckon.process.returncode, 0)

    def test_started_without_threads_it_says_so_and_ends(self):
        self.beckon.stop()
        for number in (1, 2, 3, 5, 8):
            with self.subTest(number):
                mark = self.beckon.log.stat().st_size
                self.beckon.spawning["preexec_fn"] = lambda: resource.setrlimit(
                    resource.RLIMIT_NPROC, (number, number))
                with self.assertRaisesRegex(AssertionError, "beckon ended"):
                    self.beckon.start()
                self.assertEqual(self.beckon.process.returncode, 69)
                self.assertIn("the system gives no thread",
                              self.beckon.log.read_bytes()[mark:].decode())

    def text(self):
        return self.sent.read_text() if self.sent.exists() else ""


if __name__ == "__main__":
    unittest.main()
