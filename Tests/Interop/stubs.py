"""What the scripts of this folder share: `beckon` with channels, its test messages, and servers with TLS."""

import base64
import http.server
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "BlackBox"))

import beckon as driver  # noqa: E402


def beckon(binary, folder, channels, **config):
    """With these channels and no others; not started."""
    driver.BINARY = str(pathlib.Path(binary).resolve())
    made = driver.Beckon(None, "http://127.0.0.1:9", {
        "branding": {"name": "Bank"}, "channels": {"phone": None, **channels}, **config,
    }, directory=folder)
    made.run("migrate")
    return made


def notify(service, user):
    """What `beckon notify-test` prints, by channel, and its exit code."""
    done = subprocess.run(
        [driver.BINARY, "notify-test", f"--config={service.file}", f"--user={user}"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 69), done.stderr
    answers = {}
    for line in done.stdout.splitlines():
        word, channel, *reason = line.split(": ", 2)
        answers[channel] = (word, *reason)
    return answers, done.returncode


OPERATOR = {"trust": {"without_certificate": ["ops"]}}
SECRET = "a-secret-of-the-tool-that-is-long-enough"


def add_operator(service):
    """A client that may read, of a service with `OPERATOR` in its configuration."""
    digest = subprocess.run([driver.BINARY, "hash-secret"], input=SECRET + "\n", text=True,
                            capture_output=True, check=True).stdout.strip()
    service.run("clients", "add", "--id=ops", "--type=user", "--name=Ops", "--auth=client_secret_basic",
                f"--secret-hash={digest}", "--scope=admin:read")


def evidence(service, login_id):
    """The exported evidence of a login, for the operator."""
    pair = base64.b64encode(f"ops:{SECRET}".encode()).decode()
    status, answer = form(service.url + "/oauth2/token", "Basic " + pair,
                          grant_type="client_credentials", scope="admin:read")
    assert status == 200, (status, answer)
    status, document = service.request(
        "GET", f"/admin/v1/logins/acp/{login_id}/evidence?tenant=bank",
        headers={"Authorization": "Bearer " + answer["access_token"]})
    assert status == 200, (status, document)
    return document


def certificate(folder):
    """`server.pem` and `server.key` for 127.0.0.1, in the folder."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", "server.key", "-out", "server.pem"],
        cwd=folder, check=True, capture_output=True)


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted: path, fields in small letters, body. `reply` says what is answered."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fields = {name.lower(): value for name, value in self.headers.items()}
        status, answer = self.server.reply(self.path, fields, body)
        self.server.messages.append((self.path, fields, body))
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


def serve(reply, folder=None):
    """A server of `reply`, with TLS if there is a folder with a certificate: messages and address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.daemon_threads = True
    server.reply, server.messages = reply, []
    if folder:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.messages, f"{'https' if folder else 'http'}://127.0.0.1:{server.server_port}"


def form(address, authorization, **members):
    """Posts a form; status and decoded body."""
    request = urllib.request.Request(
        address, urllib.parse.urlencode(members).encode(), {"Authorization": authorization})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)
