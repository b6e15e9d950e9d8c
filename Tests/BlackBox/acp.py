"""An authorization server of its own making, for tests: it knows nothing of Beckon's code.

It plays Cloudentity ACP's backchannel part with Python's standard library only: it calls
`/user/verify` and `/authentication/start`, serves tokens and the scope-grant interface, records
every report, and hands tokens to a client in poll or in ping mode.
"""

import base64
import http.client
import http.server
import json
import secrets
import sys
import threading
import time
import urllib.parse


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        """A peer that is killed breaks its connections: that is what these tests are about."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class LocalServer:
    """A server on a port of its own, from its making on; `get` and `post` answer. `url` is its
    address. Use as a context manager.
    """

    def __init__(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                owner.get(self)

            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                owner.post(self, self.rfile.read(length))

            def log_message(self, *_):
                pass

        self.http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def get(self, http):
        answer(http, 404, {"error": "not_found"})

    def post(self, http, body):
        answer(http, 404, {"error": "not_found"})


class Login:
    """One backchannel login as the authorization server remembers it."""

    def __init__(self, user, scopes, lifetime, mode):
        self.id = secrets.token_hex(16)
        self.state = secrets.token_hex(16)
        self.auth_req_id = secrets.token_urlsafe(24)
        self.user, self.scopes, self.mode = user, scopes, mode
        self.expires = time.time() + lifetime
        self.decision = None  # "accept" or "reject"
        self.body = None
        self.effective = 0  # reports that changed something
        self.calls = []  # every report that arrived, with what was answered
        self.trace = secrets.token_hex(16)
        self.traceparents = []  # of every call about its scope grant
        self.decided = threading.Event()

    def start_body(self):
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.expires))
        return {
            "login_id": self.id,
            "login_state": self.state,
            "tenant_id": "bank",
            "server_id": "retail",
            "client_id": "kiosk",
            "client_info": {"client_name": "Kiosk 12"},
            "user_identifier": self.user,
            "requested_scopes": self.scopes,
            "acr_values": None,
            "binding_message": "Kiosk 12 / 84-20-17",
            "expires_at": moment,
        }


class ACP(LocalServer):
    """The authorization server."""

    def __init__(self, beckon, user="acp", password="not-a-secret-but-long-enough"):
        self.beckon = urllib.parse.urlsplit(beckon)
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.authorization = "Basic " + pair
        self.client = ("beckon", "the-client-secret-of-beckon")
        self.tokens, self.logins, self.pings = set(), {}, []
        self.pinged = threading.Condition()
        self.lock = threading.Lock()
        self.misbehaviour = None  # a function (login, verb) -> None, status, or "drop"
        super().__init__()

    # What Beckon calls

    def get(self, http):
        login = self.grant(http, "")
        if login:
            answer(http, 200, {
                "id": login.id,
                "client_info": {"client_name": "Kiosk 12"},
                "requested_scopes": [
                    {"name": s, "requested_name": s, "display_name": s.title()} for s in login.scopes
                ],
                "scope_grant_approved": login.decision == "accept",
                "scope_grant_rejected": login.decision == "reject",
            })

    def post(self, http, body):
        path = http.path
        if path == "/bank/system/oauth2/token":
            return self.token(http, body)
        if path == "/client/ping":
            with self.pinged:
                self.pings.append((json.loads(body)["auth_req_id"], http.headers["Authorization"]))
                self.pinged.notify_all()
            return answer(http, 204, None)
        for verb in ("accept", "reject"):
            if path.endswith("/" + verb):
                login = self.grant(http, "/" + verb)
                if login:
                    self.report(http, login, verb, json.loads(body))
                return None
        return answer(http, 404, {"error": "not_found"})

    def token(self, http, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        pair = base64.b64decode(http.headers.get("Authorization", "Basic ")[6:]).decode()
        if pair != ":".join(self.client):
            return answer(http, 401, {"error": "invalid_client"})
        if form != {"grant_type": "client_credentials", "scope": "manage_scope_grants"}:
            return answer(http, 400, {"error": "invalid_request"})
        token = secrets.token_urlsafe(16)
        self.tokens.add(token)
        return answer(http, 200, {"access_token": token, "token_type": "bearer", "expires_in": 3600})

    def grant(self, http, suffix):
        if http.headers.get("Authorization", "")[7:] not in self.tokens:
            answer(http, 401, {"error": "invalid_token"})
            return None
        prefix = "/api/system/bank/scope-grants/"
        path = http.path[: len(http.path) - len(suffix)]
        login = self.logins.get(path[len(prefix):]) if path.startswith(prefix) else None
        if not login or time.time() >= login.expires:
            answer(http, 404, {"error": "not_found"})
            return None
        login.traceparents.append(http.headers.get("traceparent"))
        return login

    def report(self, http, login, verb, body):
        fault = self.misbehaviour and self.misbehaviour(login, verb)
        if isinstance(fault, int):
            login.calls.append((verb, fault))
            return answer(http, fault, {"error": "fault"})
        with self.lock:
            if body.get("login_state") != login.state:
                status = 403
            elif "scopes" in body or (verb == "accept" and body.get("granted_scopes") != login.scopes):
                status = 400
            elif login.decision:
                status = 200 if login.decision == verb else 409
            else:
                login.decision, login.body, status = verb, body, 200
                login.effective += 1
            login.calls.append((verb, status))
        if login.decision and not login.decided.is_set():
            login.decided.set()
            if login.mode == "ping":
                threading.Thread(target=self.ping, args=(login,), daemon=True).start()
        if fault == "drop":
            http.close_connection = True
            http.connection.close()
        else:
            answer(http, status, {} if status == 200 else {"error": "refused"})
        return None

    def ping(self, login):
        """The notification of CIBA Core 10.2, to the client, which is a route of this server."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=5)
        body = json.dumps({"auth_req_id": login.auth_req_id})
        headers = {"Authorization": "Bearer notify-me", "Content-Type": "application/json"}
        connection.request("POST", "/client/ping", body, headers)
        connection.getresponse().read()
        connection.close()

    # What the authorization server calls

    def call(self, path, body, authorization=None, raw=None, trace=None):
        """One call to Beckon; returns status and decoded body."""
        connection = http.client.HTTPConnection(self.beckon.netloc, timeout=10)
        try:
            headers = {
                "Authorization": authorization or self.authorization,
                "Content-Type": "application/json",
            }
            if trace:
                headers["traceparent"] = f"00-{trace}-00f067aa0ba902b7-01"
            data = raw if raw is not None else json.dumps(body).encode()
            connection.request("POST", self.beckon.path + path, data, headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None
        finally:
            connection.close()

    def start(self, user="customer-4711", scopes=("openid", "profile"), lifetime=60, mode="poll"):
        """A client's backchannel request: verify, store, start."""
        status, body = self.call("/user/verify", {"user_identifier": user})
        if status != 200 or not body["valid"]:
            return None
        login = Login(user, list(scopes), lifetime, mode)
        self.logins[login.id] = login
        status, _ = self.call("/authentication/start", login.start_body(), trace=login.trace)
        assert status == 200, f"start answered {status}"
        return login

    def redeem(self, login):
        """The token endpoint as its client sees it (CIBA Core 10.1 and 11)."""
        if login.decision == "accept":
            return 200, {"access_token": secrets.token_urlsafe(8), "scope": " ".join(login.scopes)}
        if login.decision == "reject":
            return 400, {"error": "access_denied"}
        if time.time() >= login.expires:
            return 400, {"error": "expired_token"}
        return 400, {"error": "authorization_pending"}

    def await_tokens(self, login, limit=20):
        """Waits as a client of the login's mode does, and returns what it then gets."""
        end = time.time() + limit
        if login.mode == "ping":
            with self.pinged:
                heard = lambda: any(ping[0] == login.auth_req_id for ping in self.pings)
                self.pinged.wait_for(heard, timeout=min(limit, login.expires - time.time() + 0.2))
        else:
            login.decided.wait(timeout=min(limit, max(0, login.expires - time.time()) + 0.2))
        assert time.time() < end, "the client waited too long"
        return self.redeem(login)


def answer(http, status, body):
    data = b"" if body is None else json.dumps(body).encode()
    http.send_response(status)
    if body is not None:
        http.send_header("Content-Type", "application/json")
    http.send_header("Content-Length", str(len(data)))
    http.end_headers()
    http.wfile.write(data)
