"""An identity provider of its own making, for tests: everybody who comes is the same person.

It signs ID tokens with HS256 and the client secret, so it needs Python's standard library only. Run
as a program, it prints its address and serves until it is ended.
"""

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
import urllib.parse

from acp import LocalServer, answer

CLIENT, SECRET, DOMAIN = "beckon-inbox", "a-client-secret-of-at-least-32-bytes", "bank.example"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider(LocalServer):
    """`user` is whom Beckon knows the person as."""

    def __init__(self, user="anna"):
        self.user, self.nonces = user, {}
        super().__init__()

    @property
    def settings(self):
        """The group `sign_in.inbox` of Beckon's configuration."""
        return {
            "issuer": self.url, "authorization_endpoint": self.url + "/authorize",
            "token_endpoint": self.url + "/token", "jwks_uri": self.url + "/jwks",
            "client_id": CLIENT, "client_secret": SECRET, "domain": DOMAIN,
            "algorithms": ["HS256"], "logout_url": self.url + "/logout",
        }

    def get(self, http):
        path, _, query = http.path.partition("?")
        if path == "/jwks":
            return answer(http, 200, {"keys": []})
        if path != "/authorize":
            return answer(http, 404, {"error": "not_found"})
        asked = dict(urllib.parse.parse_qsl(query))
        code = secrets.token_urlsafe(16)
        self.nonces[code] = asked["nonce"]
        back = urllib.parse.urlencode({"code": code, "state": asked["state"]})
        http.send_response(302)
        http.send_header("Location", f"{asked['redirect_uri']}?{back}")
        http.send_header("Content-Length", "0")
        http.end_headers()

    def post(self, http, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        nonce = self.nonces.pop(form.get("code"), None)
        if nonce is None or form.get("client_secret") != SECRET:
            return answer(http, 400, {"error": "invalid_grant"})
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": "24400320", "iat": now, "exp": now + 300,
            "nonce": nonce, "email": "person@bank.example", "email_verified": True,
            "given_name": "Given", "family_name": "Family",
            f"https://{DOMAIN}/ciba_user": self.user, f"https://{DOMAIN}/ciba_account": "retail",
        }
        text = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
        tag = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()
        answer(http, 200, {"access_token": "none", "token_type": "Bearer",
                           "id_token": text + "." + encode(tag)})


if __name__ == "__main__":
    with Provider(*sys.argv[1:]) as provider:
        print(json.dumps(provider.settings), flush=True)
        sys.stdin.read()
