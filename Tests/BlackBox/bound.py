"""A service with the token endpoint, and callers with certificate-bound access tokens."""

import base64
import json
import ssl
import subprocess
import urllib.parse
import http.client

from acp import LocalServer
from beckon import Beckon, Phone, PASSWORD, authorization_server

SCOPES = {
    "ops": "admin:read,admin:clients,admin:users,admin:logins,admin:branding,admin:audit",
    "second": "admin:read,admin:clients",
    "app": "admin:read",
    "bank": "backend:users,backend:consents,backend:logins",
    "robot": "logins:read,logins:decide",
    "robot-tls": "logins:read,logins:decide",
}
DELEGATED = {"robot", "robot-tls"}
# These prove themselves by signed assertions, the others by their certificates.
SIGNING = {"robot", "app"}


class Bound:
    """Beckon with TLS that asks for certificates, and the clients of `SCOPES`. Use as a context
    manager."""

    def __init__(self, phone=None, acp_url="http://127.0.0.1:9", four_eyes=False, **config):
        self.four_eyes = four_eyes
        self.own_phone = phone is None
        self.phone = phone or Phone()
        self.beckon = Beckon(self.phone, acp_url, {
            "public_url": "https://localhost",
            "trust": {"token_life": "1h", "delegated_token_life": "1h",
                      "delegation": {"decisions": "all"}},
            "channels": {"console": {"kind": "console"}},
            "listen": {"address": "127.0.0.1:0", "tls": {
                "certificate": "server.pem", "key": "server.key", "client_certificates": "any"}},
            **config,
        })
        self.certificate("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")

    def path(self, name):
        return str(self.beckon.directory / name)

    def certificate(self, name, *extensions):
        """A self-signed certificate NAME.pem with its key NAME.key (RSA)."""
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                   "-subj", f"/CN={name}", "-keyout", self.path(name + ".key"),
                   "-out", self.path(name + ".pem")]
        for extension in extensions:
            command += ["-addext", extension]
        subprocess.run(command, check=True, capture_output=True)

    def __enter__(self):
        for name, scopes in SCOPES.items():
            self.certificate(name)
            delegated = name in DELEGATED
            self.beckon.run(
                "clients", "add", f"--id={name}", f"--name={name}", f"--scope={scopes}",
                "--type=" + ("delegated" if delegated else "user"), f"--kid={name}-1",
                "--auth=" + (
                    "private_key_jwt" if name in SIGNING else "self_signed_tls_client_auth"),
                f"--key={self.path(name + '.pem')}",
                *(["--source-address=127.0.0.1"] if delegated else []))
        if self.four_eyes:
            self.beckon.config["trust"]["four_eyes"] = True
            self.beckon.file.write_text(json.dumps(self.beckon.config))
        self.beckon.start()
        return self

    def __exit__(self, *_):
        self.beckon.close()
        if self.own_phone:
            self.phone.__exit__(None, None, None)

    def call(self, client, method, path, data=None, headers=None):
        """Status, fields and bytes of a call with the client's certificate; None for no client."""
        context = ssl.create_default_context(cafile=self.path("server.pem"))
        if client:
            context.load_cert_chain(self.path(client + ".pem"), self.path(client + ".key"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.beckon.port, timeout=40,
                                                 context=context)
        try:
            connection.request(method, path, data, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def assertion(self, client, subject):
        """Signed by openssl with the client's key (RFC 7523)."""
        import secrets
        import time

        def encode(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=")
        now = int(time.time())
        # RS256 counts only for delegated clients.
        delegated = client in DELEGATED
        head = encode(json.dumps({"alg": "RS256" if delegated else "PS256", "typ": "JWT", "kid": client + "-1"}).encode())
        claims = encode(json.dumps({
            "iss": client, "sub": subject, "aud": "https://localhost", "iat": now,
            "exp": now + 300, "jti": secrets.token_hex(16)}).encode())
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.path(client + ".key"), *(
                [] if delegated else ["-sigopt", "rsa_padding_mode:pss",
                                      "-sigopt", "rsa_pss_saltlen:digest"])],
            input=head + b"." + claims, capture_output=True, check=True).stdout
        return b".".join([head, claims, encode(signature)]).decode()

    def token(self, client, user=None):
        """An access token of the client; of a delegated one, for the user."""
        form = {"grant_type": "client_credentials", "client_id": client}
        if client in SIGNING:
            form.update(
                client_assertion=self.assertion(client, user or client),
                client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        status, _, body = self.call(client, "POST", "/oauth2/token", urllib.parse.urlencode(form), {
            "Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200, (client, status, body)
        return json.loads(body)["access_token"]

    def consent(self, user, client="robot"):
        """The user's consent to a delegated client; returns its id."""
        self.beckon.run("users", "add", f"--user={user}")
        status, _, body = self.send("bank", "POST", "/backend/v1/delegation-consents", {
            "user": user, "client_id": client, "text_version": "2031-01", "text": "I agree.",
            "language": "en", "accepted_at": "2026-01-01T00:00:00Z", "address": "127.0.0.1"})
        assert status == 201, body
        return json.loads(body)["id"]

    def send(self, client, method, path, body=None, headers=None, user=None):
        fields = {"Authorization": "Bearer " + self.token(client, user), **(headers or {})}
        if body is not None:
            fields["Content-Type"] = "application/json"
        return self.call(client, method, path, None if body is None else json.dumps(body), fields)

    def start_login(self, login_id, user, **members):
        """A login. Nobody is there to say what is granted, so no question is asked."""
        import datetime
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=30)
        basic = base64.b64encode(f"acp:{PASSWORD}".encode()).decode()
        body = {"login_id": login_id, "login_state": "s", "tenant_id": "bank",
                "server_id": "retail", "client_id": "kiosk",
                "client_info": {"client_name": "Kiosk 12"}, "user_identifier": user,
                "requested_scopes": ["openid", "profile"], "acr_values": None,
                "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ"), **members}
        status, _, text = self.call(None, "POST", "/authentication/start", json.dumps(body), {
            "Authorization": "Basic " + basic, "Content-Type": "application/json"})
        assert status == 200, (status, text)
