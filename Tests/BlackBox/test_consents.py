"""What the bank's backend was told is stored is stored, whenever the process dies."""

import concurrent.futures
import contextlib
import http.client
import json
import random
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from beckon import Beckon
from ports import free_port

ROUNDS, PEOPLE = 4, 40


class Bank:
    """The backend: a client with a self-signed certificate, over TLS."""

    def __init__(self, directory, port):
        self.port = port
        self.context = ssl.create_default_context(cafile=f"{directory}/server.pem")
        self.context.load_cert_chain(f"{directory}/bank.pem", f"{directory}/bank.key")
        self.token = None

    def call(self, method, path, body=None, kind="application/json"):
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=10)
        headers = {"Content-Type": kind} if body else {}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or "null")
        finally:
            connection.close()

    def insist(self, method, path, body=None, kind="application/json"):
        """Repeats what nobody answered, as a backend does."""
        end = time.monotonic() + 50
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                status, answer = self.call(method, path, body, kind)
                if status < 500:
                    return status, answer
            time.sleep(0.02)
        raise AssertionError(f"gave up: {method} {path}")

    def sign_in(self):
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": "bank"})
        status, answer = self.insist("POST", "/oauth2/token", form, "application/x-www-form-urlencoded")
        assert status == 200, answer
        self.token = answer["access_token"]


class ConsentTests(unittest.TestCase):
    def test_acknowledged_consents_and_withdrawals_survive_kills(self):
        seed = random.randrange(1 << 30)
        dice = random.Random(seed)
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="beckon-") as folder:
            for name in ("server", "bank"):
                subprocess.run(
                    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                     "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost",
                     "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"],
                    check=True, capture_output=True)
            beckon = Beckon(None, "http://127.0.0.1:9", {
                "public_url": f"https://localhost:{port}", "trust": {},
                "listen": {
                    "address": f"127.0.0.1:{port}",
                    "tls": {"certificate": f"{folder}/server.pem", "key": f"{folder}/server.key",
                            "client_certificates": "any"},
                },
            }, directory=folder)
            self.addCleanup(beckon.close)
            beckon.run("migrate")
            for client, kind, method, scopes in (
                    ("bank", "user", "self_signed_tls_client_auth", "backend:users,backend:consents"),
                    ("robot", "delegated", "private_key_jwt", "logins:read")):
                beckon.run("clients", "add", f"--id={client}", f"--type={kind}", f"--name={client}",
                           f"--auth={method}", f"--key={folder}/bank.pem", f"--scope={scopes}")
            bank = Bank(folder, port)
            beckon.start()
            bank.sign_in()
            acknowledged = {}
            for number in range(ROUNDS):
                self.one_round(beckon, bank, number, dice, acknowledged)
            self.assertGreater(len(acknowledged), ROUNDS * PEOPLE / 2, f"seed {seed}")
            for consent, is_withdrawn in acknowledged.items():
                status, found = bank.insist("GET", f"/backend/v1/delegation-consents/{consent}")
                self.assertEqual(status, 200, f"{consent} is lost, seed {seed}")
                if is_withdrawn:
                    self.assertIsNotNone(found["withdrawn_at"], f"{consent}, seed {seed}")
            beckon.stop()
            beckon.run("audit", "verify")
            audited = beckon.run("audit", "export")
            for consent, is_withdrawn in acknowledged.items():
                self.assertEqual(audited.count(f'"{consent}"') >= 1 + is_withdrawn, True, consent)

    def one_round(self, beckon, bank, number, dice, acknowledged):
        """People consent, and some withdraw, while the process is killed and started again."""
        lock = threading.Lock()
        withdraws = [dice.random() < 0.5 for _ in range(PEOPLE)]

        def person(place):
            name = f"person-{number}-{place}"
            status, answer = bank.insist("PUT", f"/backend/v1/users/{name}", "{}")
            self.assertIn(status, (200, 201, 204), answer)
            body = json.dumps({
                "user": name, "client_id": "robot", "text_version": "1", "text": "I agree.",
                "language": "en", "accepted_at": "2026-01-02T03:04:05Z", "address": "198.51.100.7"})
            status, answer = bank.insist("POST", "/backend/v1/delegation-consents", body)
            if status == 409:
                return  # It was stored, and nobody heard the answer.
            self.assertEqual(status, 201, answer)
            consent = answer["id"]
            with lock:
                acknowledged[consent] = False
            if withdraws[place]:
                status, answer = bank.insist("POST", f"/backend/v1/delegation-consents/{consent}/withdraw")
                self.assertEqual(status, 200, answer)
                with lock:
                    acknowledged[consent] = True

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            people = [pool.submit(person, place) for place in range(PEOPLE)]
            for _ in range(3):
                time.sleep(dice.uniform(0.05, 0.4))
                beckon.kill()
                beckon.start()
            for work in people:
                work.result()
        beckon.run("audit", "verify")


if __name__ == "__main__":
    unittest.main()
