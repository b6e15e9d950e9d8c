"""A receiver of Standard Webhooks that checks signatures by itself.

Arguments: its secrets. The path says what it answers: /status/503, /retry/9, /moved, /records.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading

secrets = [base64.b64decode(text.removeprefix("whsec_")) for text in sys.argv[1:]]
records = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, json.dumps(records).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        identifier, moment = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        signed = b"%s.%s.%s" % (identifier.encode(), moment.encode(), body)
        given = [part.split(",", 1) for part in self.headers["webhook-signature"].split(" ")]
        valid = [
            any(version == "v1" and hmac.compare_digest(
                hmac.new(secret, signed, hashlib.sha256).digest(), base64.b64decode(tag))
                for version, tag in given)
            for secret in secrets
        ]
        records.append({
            "path": self.path, "id": identifier, "timestamp": moment, "valid": valid,
            "signatures": len(given), "type": self.headers["content-type"],
            "traceparent": self.headers["traceparent"], "body": json.loads(body),
        })
        parts = self.path.split("/")
        if parts[1] == "status":
            self.answer(int(parts[2]), Location="/status/200")
        elif parts[1] == "retry":
            self.answer(503, Retry_After=parts[2])
        else:
            self.answer(404)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
