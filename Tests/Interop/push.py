"""Push messages and e-mail against other programs' code.

    push.py BECKON

`beckon notify-test` sends to a push service, whose browser decrypts with http-ece and whose server
verifies VAPID with py-vapid, and to aiosmtpd over STARTTLS with AUTH.
"""

import base64
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

HERE = pathlib.Path(__file__).resolve().parent
BECKON = os.path.abspath(sys.argv[1])
CHANNELS = """  branding: { name: "Bank" },
  channels: {
    browser: {
      kind: "web_push", key: { file: "vapid.jwk" }, contact: "mailto:ops@bank.example",
      allow_internal: true, ca: "server.pem",
    },
    mail: {
      kind: "email", host: "127.0.0.1", port: %(starttls)d, ca: "%(authority)s", user: "beckon",
      password: "correct horse", from: "no-reply@bank.example",
    },
  },
}
"""


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class PushService(http.server.BaseHTTPRequestHandler):
    messages = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.messages.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(410 if self.path == "/gone" else 201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def serve(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", "server.key", "-out", "server.pem"],
        cwd=folder, check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PushService)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://127.0.0.1:{server.server_port}"


def run(folder, *words, code=0):
    done = subprocess.run([BECKON, *words], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def check(folder, mail):
    push = serve(folder)
    with urllib.request.urlopen(mail + "/setup") as page:
        setup = json.load(page)
    config = (HERE.parent.parent / "Config/development.json5").read_text()
    config = config[:config.index("  channels: {")] + CHANNELS % setup
    pathlib.Path(folder, "a.json5").write_text(config)
    run(folder, "keys", "generate", "--alg=ES256", "--out=vapid.jwk")
    browser, secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    point = browser.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    keys = {"p256dh": encoded(point), "auth": encoded(secret)}
    subscriptions = json.dumps(
        [{"endpoint": push + path, "expirationTime": None, "keys": keys} for path in ("/works", "/gone")],
        separators=(",", ":"))
    for address in ("browser=" + subscriptions, "mail=anna@example.com"):
        run(folder, "users", "add", "--config=a.json5", "--user=anna", "--language=de",
            "--address=" + address)
    output = run(folder, "notify-test", "--config=a.json5", "--user=anna")
    assert output.split() == "delivered: browser delivered: mail".split(), output

    assert sorted(path for path, _, _ in PushService.messages) == ["/gone", "/works"]
    for path, fields, body in PushService.messages:
        text = http_ece.decrypt(body, private_key=browser, auth_secret=secret, version="aes128gcm")
        message = json.loads(text)
        assert message["title"] == "Testnachricht" and "Bank" in message["text"], message
        assert 0 < int(fields["ttl"]) <= 120 and len(fields["topic"]) == 32, fields
        assert Vapid02.verify(fields["authorization"]), fields
    with urllib.request.urlopen(mail + "/records") as page:
        records = json.load(page)
    assert [record["to"] for record in records] == ["anna@example.com"], records
    assert records[0]["tls"] and records[0]["authenticated"] and not records[0]["defects"], records


def main():
    peer = subprocess.Popen(
        [sys.executable, "-B", HERE.parent / "NotificationsTests/Peers/mail.py"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        with tempfile.TemporaryDirectory(prefix="beckon-") as folder:
            check(folder, f"http://127.0.0.1:{int(peer.stdout.readline())}")
    finally:
        peer.stdin.close()
        peer.wait(10)
    print("push: http-ece, py-vapid and aiosmtpd agree")


if __name__ == "__main__":
    main()
