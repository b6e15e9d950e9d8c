"""The commands through the admin API of a service, beside the same commands on its store."""

import json
import subprocess
import unittest

from beckon import BINARY
from bound import Bound


class Server(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(Bound())
        cls.stage.beckon.run("users", "add", "--user=anna", "--language=pt-BR")
        cls.stage.start_login("login-1", "anna")

    def remote(self, *words, client="ops", code=0):
        stage = self.stage
        command = [BINARY, *words, f"--server=https://localhost:{stage.beckon.port}",
                   f"--client-id={client}", f"--client-cert={stage.path(client + '.pem')}",
                   f"--client-key={stage.path(client + '.key')}", f"--ca={stage.path('server.pem')}"]
        if client == "app":
            command += [f"--assertion-key={stage.path('app.key')}", "--assertion-kid=app-1"]
        done = subprocess.run(command, text=True, capture_output=True)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def same(self, *words):
        # The engine tries again to reach the authorization server, so a count may change meanwhile.
        before, there = self.stage.beckon.run(*words), self.remote(*words)
        self.assertIn(there, (before, self.stage.beckon.run(*words)), words)
        return there

    def test_lists_are_the_same(self):
        for words in (["clients", "list"], ["clients", "list", "--type=delegated", "--json"],
                      ["clients", "show", "--id=bank"], ["clients", "show", "--id=app", "--json"],
                      ["clients", "changes"], ["users", "list"], ["users", "list", "--json"],
                      ["logins", "list", "--phase=all"], ["logins", "list", "--user=anna", "--json"],
                      ["logins", "list", "--login=nothing"]):
            # A token is noted as the last use of its client.
            self.remote("clients", "list")
            with self.subTest(words):
                if "app" not in " ".join(words):
                    self.same(*words)

    def test_clients_are_changed(self):
        self.stage.certificate("new")
        key = self.stage.path("new.pem")
        self.assertEqual(self.remote(
            "clients", "add", "--id=new", "--type=user", "--name=New", f"--key={key}", "--kid=n-1",
            "--scope=admin:read", "--auth=self_signed_tls_client_auth"), "added new\n")
        self.assertIn("there is a client", self.remote(
            "clients", "add", "--id=new", "--type=user", "--name=New", f"--key={key}",
            "--scope=admin:read", code=1))
        for words, said in (
                (["suspend"], "suspended new\n"), (["resume"], "resumed new\n"),
                (["keys", "add", f"--key={key}", "--kid=n-2"], "added key n-2 to new\n"),
                (["keys", "remove", "--kid=n-1"], "removed key n-1 of new\n"),
                (["revoke"], "revoked new\n")):
            self.assertEqual(self.remote("clients", *words, "--id=new"), said)
        self.assertIn("final", self.remote("clients", "suspend", "--id=new", code=1))

    def test_users_are_changed(self):
        self.assertEqual(self.remote("users", "add", "--user=ben", "--language=fr"), "added ben\n")
        self.assertEqual(self.remote("users", "add", "--user=ben", "--time-zone=UTC"),
                         "replaced ben\n")
        users = json.loads(self.same("users", "list", "--json"))
        self.assertIn({"user": "ben", "active": True, "language": "fr", "time_zone": "UTC",
                       "has_documents": False}, users)
        for verb in ("disable", "enable", "remove"):
            self.assertEqual(self.remote("users", verb, "--user=ben"), f"{verb}d ben\n")
        self.assertIn("404", self.remote("users", "remove", "--user=ben", code=1))

    def test_logins_are_shown_and_resolved(self):
        self.assertIn("login-1", self.remote("logins", "show", "--number=1"))
        self.assertIn("not stranded", self.remote("logins", "retry", "--number=1", code=1))
        self.assertIn("there is no login 99", self.remote("logins", "show", "--number=99", code=1))

    def test_a_client_proves_itself_by_an_assertion_too(self):
        self.assertIn("bank", self.remote("clients", "list", client="app"))
        self.assertIn("403", self.remote("clients", "suspend", "--id=bank", client="app", code=1))

    def test_a_token_of_a_file_is_used(self):
        path = self.stage.beckon.directory / "token"
        path.write_text(self.stage.token("ops") + "\n")
        stage = self.stage
        done = subprocess.run(
            [BINARY, "clients", "list", f"--server=https://localhost:{stage.beckon.port}",
             f"--token-file={path}", f"--client-cert={stage.path('ops.pem')}",
             f"--client-key={stage.path('ops.key')}", f"--ca={stage.path('server.pem')}"],
            text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("bank", done.stdout)

    def test_what_does_not_fit_is_a_usage_error(self):
        for words in (["--server=nothing", "--client-id=ops"], ["--server=https://localhost"],
                      ["--client-id=ops"], ["--server=https://localhost", "--client-id=ops",
                                            "--token-file=t"],
                      ["--server=https://localhost", "--client-id=ops", "--client-cert=c"]):
            done = subprocess.run([BINARY, "clients", "list", *words], text=True,
                                  capture_output=True)
            self.assertEqual(done.returncode, 2, (words, done.stderr))


if __name__ == "__main__":
    unittest.main()
