"""An authorization server that fails as it is told, and remembers what it did all the same.

Every tenant is a server of its own, and its name says which call fails and how:
`/{operation}-{fault}[-{more}]-{unique}/system/...`, where more is any of

* `lasting`: the call fails every time and is never processed, not the first time only;
* `late`: it succeeds once before;
* `dead`: so does it, and the token that it gave is refused from the second look on, as if it had
  been revoked just after that.

`GET /control/{tenant}` tells what was asked for, which decisions came to count, and which came when
one already counted.
"""

import json
import socket
import struct
import sys
import threading


class Tenant:
    def __init__(self, name):
        self.operation, self.fault, *self.more = name.split("-")
        self.calls = []
        self.decisions = []
        self.repeated = []
        self.status = "AwaitingAuthorisation"
        self.tokens = 0
        self.revoked = 0  # so many of them, the oldest

    def fails(self, count):
        """Whether the call of the fault fails when it is made the count-th time."""
        first = 2 if "late" in self.more or "dead" in self.more else 1
        lasts = "lasting" in self.more or self.fault in ("403", "404")
        return count == first or count > first and lasts


lock = threading.Lock()
tenants = {}
answers = {401: "invalid_token", 403: "forbidden", 404: "not_found", 409: "conflict"}
verbs = {"accept": "Authorised", "reject": "Rejected"}


class Connection:
    def __init__(self, plain):
        self.socket = plain
        self.buffer = b""

    def request(self):
        while b"\r\n\r\n" not in self.buffer:
            more = self.socket.recv(65536)
            if not more:
                return None
            self.buffer += more
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        fields = dict(line.lower().split(":", 1) for line in lines[1:])
        length = int(fields.get("content-length", 0))
        while len(self.buffer) < length:
            self.buffer += self.socket.recv(65536)
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return lines[0].split(" ")[1], fields, body

    def answer(self, status, body, fields=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = ["HTTP/1.1 %d Whatever" % status, "Content-Length: %d" % len(body), *fields]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def serve(self):
        try:
            while True:
                request = self.request()
                if request is None or not self.handle(*request):
                    break
        except OSError:
            pass
        self.socket.close()

    def handle(self, path, fields, body):
        parts = path.split("/")
        if parts[1] == "control":
            tenant = tenants.get(parts[2])
            self.answer(200, vars(tenant) if tenant else {})
            return True
        operation = "token" if parts[-1] == "token" else parts[-1]
        if operation not in ("token", "accept", "reject"):
            operation = "get"
        with lock:
            tenant = tenants.setdefault(parts[1], Tenant(parts[1]))
            tenant.calls.append(operation)
            count = tenant.calls.count(operation)
            if operation in verbs and tenant.status != "AwaitingAuthorisation":
                tenant.repeated.append(operation)
        if operation != "token":
            scheme, number = fields["authorization"].strip().split("-")
            assert scheme == "bearer token", fields
            if int(number) <= tenant.revoked:
                self.answer(401, {"error": "invalid_token"})
                return True
        if operation == "get" and count == 2 and "dead" in tenant.more:
            tenant.revoked = tenant.tokens
        return self.fail(tenant, operation, count, body)

    def fail(self, tenant, operation, count, body):
        """The fault, if it is this call's; else an honest answer."""
        fault = tenant.fault
        if tenant.operation != operation:
            # What comes after a decision that was dropped may find nothing any more.
            if fault == "404repeat" and operation == "get" and tenant.decisions:
                self.answer(404, {"error": "not_found"})
                return True
            return self.succeed(tenant, operation, body)
        if fault == "404repeat" and operation == "get":
            # Found once, and then no more.
            if count == 1:
                return self.succeed(tenant, operation, body)
            self.answer(404, {"error": "not_found"})
            return True
        if not tenant.fails(count):
            return self.succeed(tenant, operation, body)
        if fault in ("dropped", "404repeat"):
            self.process(tenant, operation, body)
            return False
        if fault == "slow":
            if "lasting" not in tenant.more:
                self.process(tenant, operation, body)
            self.socket.recv(1)  # until the other side has had enough
            return False
        if fault == "reset":
            self.reset()
            return False
        if fault == "html":
            self.process(tenant, operation, body)
            self.answer(200, b"<html>Welcome</html>")
            return True
        if fault == "500done":
            self.process(tenant, operation, body)
            self.answer(500, b"")
            return True
        if fault == "409ours":
            self.process(tenant, operation, body)
            self.answer(409, {"error": "conflict"})
            return True
        if fault == "409other":
            other = {"accept": "reject", "reject": "accept"}[operation]
            tenant.status = verbs[other]
            self.answer(409, {"error": "conflict"})
            return True
        if fault == "429":
            self.answer(429, {"error": "slow_down"}, ["Retry-After: 7"])
            return True
        if fault in ("401", "403", "404", "409", "503"):
            self.answer(int(fault), {"error": answers.get(int(fault), "unavailable")})
            return True
        return self.succeed(tenant, operation, body)

    def process(self, tenant, operation, body):
        if operation in verbs and tenant.status == "AwaitingAuthorisation":
            tenant.status = verbs[operation]
            tenant.decisions.append(operation)

    def succeed(self, tenant, operation, body):
        if operation == "token":
            tenant.tokens += 1
            token = "token-%d" % tenant.tokens
            self.answer(200, {"access_token": token, "expires_in": 3600})
        elif operation == "get":
            self.answer(200, self.consent(tenant))
        else:
            self.process(tenant, operation, body)
            self.answer(200, {"redirect_to": ""})
        return True

    def consent(self, tenant):
        return {
            "consent_id": "aac-1",
            "type": "account_access",
            "status": tenant.status,
            "client_id": "tpp",
            "client_info": {"client_name": "A third party"},
            "requested_scopes": [{"name": n, "requested_name": n} for n in ("openid", "accounts")],
            "account_access_consent": {
                "ConsentId": "aac-1",
                "Status": tenant.status,
                "Permissions": ["ReadAccountsBasic"],
            },
        }


listener = socket.create_server(("127.0.0.1", 0), backlog=64)
print(listener.getsockname()[1], flush=True)


def accept():
    while True:
        plain, _ = listener.accept()
        threading.Thread(target=Connection(plain).serve, daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
sys.stdin.read()
