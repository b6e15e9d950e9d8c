"""Mail servers that keep what they take: aiosmtpd, which shares no code with ours.

Prints the port of an HTTP server. `/setup` has the ports of the mail servers and the file of their
authority: `starttls` and `tls` want TLS and the user `beckon` with the password `correct horse`,
`plain` has neither. `/records` has what arrived. A recipient `rcpt-451@…` is answered with that status,
`data-554@…` after the message.
"""

import asyncio
import atexit
import json
import logging
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import warnings
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

try:
    from aiosmtpd.smtp import SMTP, AuthResult
except ImportError:
    # Debian's package is for Debian's Python, which may not be the first one.
    if os.path.realpath(sys.executable) == os.path.realpath("/usr/bin/python3"):
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B"] + sys.argv)

logging.disable()
warnings.simplefilter("ignore")
folder = tempfile.mkdtemp()
atexit.register(shutil.rmtree, folder, True)
certificate, key = folder + "/cert.pem", folder + "/key.pem"
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
     "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
     "-keyout", key, "-out", certificate],
    check=True, capture_output=True,
)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
records = []


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("rcpt-"):
            return address[5:8] + " refused"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to.startswith("data-"):
            return to[5:8] + " refused"
        message = message_from_bytes(envelope.content, policy=policy.default)
        parts = {part.get_content_type(): part.get_content() for part in message.iter_parts()}
        records.append({
            "from": envelope.mail_from, "to": to, "tls": server.transport.get_extra_info("sslcontext") is not None,
            "authenticated": session.authenticated, "headers": list(map(list, message.items())),
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
            "longest": max(map(len, envelope.content.split(b"\r\n"))),
            "ascii": envelope.content.isascii(), "parts": parts,
        })
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    ok = getattr(data, "login", b"") == b"beckon" and data.password == b"correct horse"
    return AuthResult(success=ok, handled=False)


loop = asyncio.new_event_loop()


def listen(security=None, **options):
    def make():
        return SMTP(Handler(), hostname="localhost", loop=loop, **options)

    server = loop.run_until_complete(
        loop.create_server(make, "127.0.0.1", 0, ssl=security))
    return server.sockets[0].getsockname()[1]


secured = dict(authenticator=authenticate, auth_required=True)
setup = {
    "starttls": listen(tls_context=context, require_starttls=True, **secured),
    "tls": listen(context, auth_require_tls=False, **secured),
    "plain": listen(),
    "authority": certificate,
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(setup if self.path == "/setup" else records).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


pages = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
threading.Thread(target=pages.serve_forever, daemon=True).start()
print(pages.server_port, flush=True)
loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(loop.stop)))
loop.run_forever()
