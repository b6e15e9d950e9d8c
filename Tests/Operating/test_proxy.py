"""docker/many/nginx.conf in the nginx of Debian: before servers of ours that misbehave, and before a
running service."""

import contextlib
import http.client
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from files import DOCKER, program

from acp import ACP, LocalServer, answer
from beckon import Beckon, Phone
from ports import free_port

CONFIGURATION = (DOCKER / "many/nginx.conf").read_text(encoding="utf-8")
TICKET = "AAAAAAAAAAEKNu2jwgPjClG_boOYs6UTwxmQgTrL_a7M8hOP3cNDYg"


class Replicas(contextlib.ExitStack):
    """Two servers that note what arrives. The first `dropped` requests, to whichever of them, get no
    answer: the connection is closed."""

    class Replica(LocalServer):
        def __init__(self, owner):
            self.owner = owner
            super().__init__()

        def get(self, http):
            self.owner.take(http)

        def post(self, http, _):
            self.owner.take(http)

    def __init__(self, dropped=0):
        super().__init__()
        self.dropped, self.arrived, self.lock = dropped, [], threading.Lock()
        self.ended = threading.Event()
        self.callback(self.ended.set)
        self.addresses = [self.enter_context(self.Replica(self)).url.removeprefix("http://")
                          for _ in range(2)]

    def take(self, http):
        with self.lock:
            self.arrived.append((http.command, http.path, dict(http.headers.items())))
            drops, self.dropped = self.dropped > 0, self.dropped - 1
        if drops:
            http.close_connection = True
            http.connection.shutdown(socket.SHUT_RDWR)
        elif http.path.endswith("/events"):
            http.send_response(200)
            http.send_header("Content-Type", "text/event-stream")
            http.send_header("Connection", "close")
            http.end_headers()
            http.wfile.write(b"event: logins\ndata: 1\n\n")
            http.wfile.flush()
            self.ended.wait(30)
            http.close_connection = True
        else:
            answer(http, 200, {})


class Proxy:
    """nginx with the configuration, in a folder and at a port of its own, before two addresses."""

    def __init__(self, *addresses):
        self.own = tempfile.TemporaryDirectory(prefix="nginx-")
        self.folder = pathlib.Path(self.own.name)
        self.port, self.health = free_port(), free_port()
        text = CONFIGURATION
        for there, here in [
                *zip(re.findall(r"^ *server (\S+) ", CONFIGURATION, re.MULTILINE), addresses),
                ("listen 8080;", f"listen 127.0.0.1:{self.port};"),
                ("listen 127.0.0.1:8089;", f"listen 127.0.0.1:{self.health};"),
                ("/tmp/", f"{self.folder}/"), ("/dev/stderr", f"{self.folder}/error.log"),
                ("/dev/stdout", f"{self.folder}/access.log")]:
            assert there in text, there
            text = text.replace(there, here)
        self.file = self.folder / "nginx.conf"
        self.file.write_text(text)
        self.command = [program("nginx"), "-p", self.own.name, "-c", str(self.file), "-g",
                        "daemon off;" + (" user root;" if os.geteuid() == 0 else "")]
        self.process = None

    def test(self):
        return subprocess.run([*self.command, "-t"], text=True, capture_output=True)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            assert self.process.poll() is None, self.process.stderr.read()
            with contextlib.suppress(OSError):
                return self if self.ask("GET", "/", port=self.health) == 204 else None
            time.sleep(0.02)
        raise AssertionError("nginx does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stderr.close()
        self.own.cleanup()

    def ask(self, method, path, body=None, port=None, **fields):
        """The status of the answer."""
        with contextlib.closing(
                http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=20)) as connection:
            connection.request(method, path, body, fields)
            response = connection.getresponse()
            response.read()
            return response.status

    def logged(self):
        return "".join(file.read_text() for file in self.folder.glob("*.log"))


@unittest.skipUnless(program("nginx"), "nginx is not installed")
class ProxyTests(unittest.TestCase):
    def test_nginx_accepts_the_configuration(self):
        with Proxy("127.0.0.1:1", "127.0.0.1:2") as proxy:
            tested = proxy.test()
            self.assertEqual(tested.returncode, 0, tested.stderr)
            self.assertNotIn("[warn]", tested.stderr)

    def test_what_may_have_been_processed_is_sent_again_only_if_that_changes_nothing(self):
        for method, path, status, arrivals in (
                ("POST", "/user/verify", 200, 2),
                ("POST", "/authentication/start", 200, 2),
                ("POST", "/of/a/tenant/authentication/start", 200, 2),
                ("GET", "/device/v1/logins/1", 200, 2),
                ("POST", "/device/v1/logins/1/decision", 502, 1),
                ("POST", "/oauth2/token", 502, 1),
                ("POST", f"/approve/{TICKET}", 502, 1)):
            with self.subTest(f"{method} {path}"), Replicas(dropped=1) as replicas, \
                    Proxy(*replicas.addresses) as proxy:
                self.assertEqual(proxy.ask(method, path, b"{}" if method != "GET" else None), status)
                self.assertEqual(len(replicas.arrived), arrivals)

    def test_a_replica_that_is_gone_is_not_noticed(self):
        with Replicas() as replicas, Proxy(replicas.addresses[0], "127.0.0.1:1") as proxy:
            statuses = {proxy.ask("POST", "/device/v1/logins/1/decision", b"{}") for _ in range(20)}
            self.assertEqual(statuses, {200})
            self.assertEqual(len(replicas.arrived), 20)

    def test_an_event_passes_while_its_stream_is_open(self):
        for path in ("/inbox/events", "/console/events", "/device/v1/events"):
            with self.subTest(path), Replicas() as replicas, \
                    Proxy(*replicas.addresses) as proxy, \
                    contextlib.closing(http.client.HTTPConnection(
                        "127.0.0.1", proxy.port, timeout=10)) as connection:
                connection.request("GET", path)
                self.assertEqual(connection.getresponse().readline(), b"event: logins\n")
                self.assertFalse(replicas.ended.is_set())

    def test_nobody_chooses_the_address_that_beckon_believes(self):
        with Replicas() as replicas, Proxy(*replicas.addresses) as proxy:
            proxy.ask("GET", "/inbox", **{"X-Forwarded-For": "192.0.2.1",
                                          "Forwarded": "for=192.0.2.1", "Host": "login.bank.example"})
            [(_, _, fields)] = replicas.arrived
            self.assertEqual(fields["X-Forwarded-For"], "127.0.0.1")
            self.assertNotIn("Forwarded", fields)
            self.assertEqual(fields["Host"], "login.bank.example")

    def test_no_log_has_a_ticket_or_a_code(self):
        paths = (f"/approve/{TICKET}", f"/sso/oidc/inbox/callback?code={TICKET}")
        with Replicas() as replicas, Proxy(*replicas.addresses) as proxy:
            for path in paths:
                self.assertEqual(proxy.ask("GET", path), 200)
            # Then one that fails, which nginx reports.
            replicas.dropped = 100
            for path in paths:
                self.assertEqual(proxy.ask("GET", path), 502)
            self.assertIn("GET 502", proxy.logged())
            self.assertNotIn(TICKET, proxy.logged())

    def test_a_login_passes_to_its_end(self):
        # The authorization server gets Beckon's address later.
        with Phone() as phone, ACP("http://127.0.0.1:9") as acp, Beckon(
                phone, acp.url, {"listen": {"trusted_proxies": ["127.0.0.1/32"]}}) as beckon:
            beckon.run("users", "add", "--user=customer-4711")
            with Proxy(beckon.url.removeprefix("http://"), "127.0.0.1:1") as proxy:
                acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{proxy.port}")
                beckon.port = proxy.port
                login = acp.start()
                status, said = phone.decide(beckon, login.id, "approve")
                self.assertEqual((status, said["outcome"]), (200, "approved"))
                self.assertEqual(phone.receipt(beckon, login.id)["phase"], "settled")
                self.assertEqual((login.decision, login.effective), ("accept", 1))


if __name__ == "__main__":
    unittest.main()
