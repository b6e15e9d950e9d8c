"""Clients by others get tokens: authlib and requests with every method and grant, over Beckon's own TLS
and through nginx and HAProxy, which hand the certificate over in their own encodings. joserfc verifies
the tokens by the published keys.

    tokens.py BECKON
"""

import base64
import contextlib
import hashlib
import json
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import time

import requests
from authlib.integrations.requests_client import AssertionSession, OAuth2Session
from authlib.oauth2.rfc7523 import JWTBearerGrant, PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "BlackBox"), str(HERE.parent / "MutualTLS")]

import beckon as driver  # noqa: E402
from ports import free_port  # noqa: E402
import proxies  # noqa: E402
from provider import Provider  # noqa: E402
from proxy import Authority  # noqa: E402

driver.BINARY = sys.argv[1]
REDIRECT = "https://app.example/signed-in"
SECRET = "a-secret-of-the-tool-that-is-long-enough"

# Who authenticates how: a name, the method, the certificate, and what the client is registered with.
CLIENTS = [
    ("rs256", "private_key_jwt", "itself", {"key": "rs256.jwk"}),
    ("ps256", "private_key_jwt", "issued", {"key": "rsa.pub"}),
    ("es256", "private_key_jwt", "itself", {"key": "ec.pub"}),
    ("subject", "tls_client_auth", "issued", {"certificate-subject": "CN=issued,O=Bank,C=GB"}),
    ("dns", "tls_client_auth", "issued", {"certificate-dns": "localhost"}),
    ("own", "self_signed_tls_client_auth", "itself", {"key": "itself.pem"}),
    ("basic", "client_secret_basic", "itself", {"secret-hash": None}),
    ("post", "client_secret_post", "issued", {"secret-hash": None}),
]


class ShortAssertion(PrivateKeyJWT):
    """authlib's own assertions live for an hour, longer than Beckon accepts."""

    def sign(self, auth, token_endpoint):
        self.claims = {"exp": int(time.time()) + 300}
        return super().sign(auth, token_endpoint)


class Stage:
    """Certificates, and a Beckon with the clients; `way` is how certificates come to it."""

    def __init__(self, way, stack):
        self.way = way
        self.directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beckon-")))
        self.directory.chmod(0o755)  # nginx's worker, which is another user's if root starts it.
        self.authority = Authority(self.directory)
        self.authority.issue("server", "/CN=localhost", 1)
        self.authority.issue("issued", "/C=GB/O=Bank/CN=issued", 2)
        self.authority.issue_itself("itself", "/CN=itself", 3)
        self.authority.issue_itself("thief", "/CN=thief", 4)
        for name, *options in (("rsa", "RSA", "rsa_keygen_bits:2048"),
                               ("ec", "EC", "ec_paramgen_curve:P-256")):
            Authority.openssl("genpkey", "-algorithm", options[0], "-pkeyopt", options[1],
                              "-out", self.file(name + ".key"))
            Authority.openssl("pkey", "-in", self.file(name + ".key"), "-pubout",
                              "-out", self.file(name + ".pub"))
        # RS256 counts for applications only if the key says so.
        public = RSAKey.import_key(pathlib.Path(self.file("rsa.pub")).read_text()).as_dict(
            private=False, alg="RS256", kid="rs256")
        (self.directory / "rs256.jwk").write_text(json.dumps(public))
        # The delegated client's certificate has the key that signs its assertions.
        Authority.openssl("req", "-x509", "-key", self.file("rsa.key"), "-days", "2", "-subj", "/CN=robot",
                          "-out", self.file("robot.pem"))
        both = pathlib.Path(self.file("server.pem")).read_text()
        (self.directory / "both.pem").write_text(both + pathlib.Path(self.file("server.key")).read_text())
        port = outer = free_port()
        listen, trust = {"address": f"127.0.0.1:{port}"}, {}
        if way == "tls":
            listen["tls"] = {
                "certificate": self.file("server.pem"), "key": self.file("server.key"),
                "client_certificates": "any", "client_authorities": self.file("ca.pem"),
            }
        else:
            name, format, header = way
            process, outer, listener = proxies.start(name, self.directory, port)
            stack.callback(listener.close)
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
            trust["client_certificate"] = {
                "format": format, "header": header, "trusted_hops": ["127.0.0.1"],
                "authorities": self.file("ca.pem"),
            }
        self.issuer = f"https://localhost:{outer}"
        self.endpoint = self.issuer + "/oauth2/token"
        provider = stack.enter_context(Provider("anna"))
        self.beckon = driver.Beckon(None, "http://127.0.0.1:9", {
            "public_url": self.issuer, "listen": listen, "sign_in": {"inbox": provider.settings},
            "trust": {**trust, "dpop": {"allowed": True}},
        })
        stack.callback(self.beckon.close)
        self.beckon.run("migrate")
        self.beckon.run("users", "add", "--user=anna")
        for name, method, _, registered in CLIENTS:
            self.register(name, "user", method, "admin:read,backend:consents", **registered)
        self.register("robot", "delegated", "private_key_jwt", "logins:read",
                      **{"key": "rsa.pub", "source-address": "127.0.0.0/8"})
        self.register("app", "user", "self_signed_tls_client_auth", "device:logins",
                      **{"key": "itself.pem", "redirect-uri": REDIRECT})
        self.register("prover", "user", "private_key_jwt", "admin:read", "--dpop", key="ec.pub")
        self.beckon.start()

    def file(self, name):
        return str(self.directory / name)

    def register(self, name, kind, method, scopes, *flags, **options):
        words = list(flags)
        for option, value in options.items():
            if option == "key":
                value = self.file(value)
            if option == "secret-hash":
                value = subprocess.run([driver.BINARY, "hash-secret"], input=SECRET + "\n", text=True,
                                       capture_output=True, check=True).stdout.strip()
            words.append(f"--{option}={value}")
        self.beckon.run("clients", "add", f"--id={name}", f"--type={kind}", f"--name={name}",
                        f"--auth={method}", f"--scope={scopes}", *words)

    def certificate(self, name):
        return self.file(name + ".pem"), self.file(("rsa" if name == "robot" else name) + ".key")

    def key(self, name):
        kind, file = (ECKey, "ec.key") if name == "es256" else (RSAKey, "rsa.key")
        return kind.import_key(pathlib.Path(self.file(file)).read_text())

    def session(self, name, method, certificate, **options):
        """A client of authlib."""
        secret, authentication = SECRET, method
        if method == "private_key_jwt":
            secret, authentication = self.key(name), ShortAssertion(self.endpoint, alg=name.upper())
        elif "tls" in method:
            secret, authentication = None, "none"
        session = OAuth2Session(name, secret, token_endpoint_auth_method=authentication,
                                revocation_endpoint_auth_method=authentication, **options)
        session.trust_env = False  # A variable would count before `verify`.
        session.verify, session.cert = self.file("ca.pem"), self.certificate(certificate)
        return session

    def get(self, path, token, certificate):
        """The status of a call of `requests` with a token and a certificate."""
        return requests.get(self.issuer + path, headers={"Authorization": f"Bearer {token}"}, timeout=20,
                            verify=self.file("ca.pem"),
                            cert=certificate and self.certificate(certificate))

    def keys(self):
        found = requests.get(self.issuer + "/.well-known/oauth-authorization-server", timeout=20,
                             verify=self.file("ca.pem")).json()
        assert found["issuer"] == self.issuer, found
        answer = requests.get(found["jwks_uri"], verify=self.file("ca.pem"), timeout=20)
        return KeySet.import_key_set(answer.json())

    def claims(self, token, certificate):
        """What joserfc reads in a token, after it has verified it."""
        found = jwt.decode(token, self.keys(), algorithms=["ES256"])
        assert found.header["typ"] == "at+jwt", found.header
        jwt.JWTClaimsRegistry(iss={"essential": True, "value": self.issuer},
                              exp={"essential": True}, sub={"essential": True}).validate(found.claims)
        own = self.authority.thumbprint(certificate)
        assert found.claims["cnf"] == {"x5t#S256": own}, found.claims
        return found.claims


def client_credentials(stage):
    """Every method gets a token that works with its certificate alone, and that can be revoked."""
    for name, method, certificate, _ in CLIENTS:
        with stage.session(name, method, certificate) as session:
            token = session.fetch_token(stage.endpoint, grant_type="client_credentials",
                                        scope="admin:read")["access_token"]
            claims = stage.claims(token, certificate)
            assert claims["sub"] == claims["client_id"] == name, claims
            assert claims["scope"] == "admin:read", claims
            assert stage.get("/admin/v1/clients", token, certificate).status_code == 200, name
            for other in ("thief", None):
                assert stage.get("/admin/v1/clients", token, other).status_code == 401, (name, other)
            answer = session.introspect_token(stage.issuer + "/oauth2/introspect", token=token)
            assert answer.json()["active"] is True, answer.text
            answer = session.revoke_token(stage.issuer + "/oauth2/revoke", token=token)
            assert answer.status_code == 200, answer.text
            assert stage.get("/admin/v1/clients", token, certificate).status_code == 401, name
        yield f"{method} ({name})"


def refusals(stage):
    """Without a certificate, or with another's, there is no token."""
    form = {"grant_type": "client_credentials", "client_id": "own"}
    for certificate, status, error in ((None, 400, "invalid_request"), ("thief", 401, "invalid_client"),
                                       ("issued", 401, "invalid_client")):
        answer = requests.post(stage.endpoint, form, timeout=20, verify=stage.file("ca.pem"),
                               cert=certificate and stage.certificate(certificate))
        assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    yield "no token without the certificate"


def delegated(stage):
    """Both forms of a delegated token, after the consent that the bank records."""
    with stage.session("own", "self_signed_tls_client_auth", "itself") as bank:
        token = bank.fetch_token(stage.endpoint, grant_type="client_credentials")["access_token"]
        answer = requests.post(
            stage.issuer + "/backend/v1/delegation-consents", timeout=20, verify=stage.file("ca.pem"),
            cert=stage.certificate("itself"), headers={"Authorization": f"Bearer {token}"},
            json={"user": "anna", "client_id": "robot", "text_version": "1", "text": "I agree.",
                  "language": "en", "accepted_at": "2026-01-02T03:04:05Z", "address": "198.51.100.7"})
        assert answer.status_code == 201, answer.text
    with AssertionSession(
            stage.endpoint, "robot", "anna", audience=stage.issuer, client_id="robot",
            grant_type=AssertionSession.JWT_BEARER_GRANT_TYPE, alg="RS256", key=stage.key("robot"),
            expires_in=300) as session:
        session.trust_env = False
        session.verify, session.cert = stage.file("ca.pem"), stage.certificate("robot")
        judge_delegated(stage, session.refresh_token())
    yield "delegated, jwt-bearer"
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": JWTBearerGrant.sign(stage.key("robot"), "robot", stage.issuer, "anna",
                                                alg="RS256", expires_in=300),
    }
    for status in (200, 401):  # An assertion counts once.
        answer = requests.post(stage.endpoint, form, timeout=20, verify=stage.file("ca.pem"),
                               cert=stage.certificate("robot"))
        assert answer.status_code == status, (answer.status_code, answer.text)
        if status == 200:
            judge_delegated(stage, answer.json())
    yield "delegated, client_credentials"


def judge_delegated(stage, answer):
    claims = stage.claims(answer["access_token"], "robot")
    assert claims["sub"] == "anna" and claims["act"] == {"sub": "robot"}, claims
    assert "refresh_token" not in answer, answer
    assert stage.get("/backend/v1/logins", answer["access_token"], "robot").status_code == 200
    assert stage.get("/backend/v1/logins", answer["access_token"], "thief").status_code == 401


def users(stage):
    """A person signs in to an app with code and PKCE, agrees, and the app refreshes their token."""
    with stage.session("app", "self_signed_tls_client_auth", "itself", redirect_uri=REDIRECT,
                       scope="device:logins", code_challenge_method="S256") as app, \
            requests.Session() as browser:
        browser.trust_env, browser.verify = False, stage.file("ca.pem")
        verifier = secrets.token_urlsafe(48)
        address, state = app.create_authorization_url(stage.issuer + "/oauth2/authorize",
                                                      code_verifier=verifier)
        page = browser.get(address, timeout=20)
        assert page.status_code == 200, page.text
        form = {"token": re.search(r'name="token" value="([^"]+)"', page.text)[1], "answer": "allow"}
        back = browser.post(page.url, form, allow_redirects=False, timeout=20).headers["Location"]
        assert back.startswith(REDIRECT + "?"), back
        first = app.fetch_token(stage.endpoint, authorization_response=back, state=state,
                                code_verifier=verifier)
        second = app.refresh_token(stage.endpoint, refresh_token=first["refresh_token"])
        assert first["refresh_token"] != second["refresh_token"]
        for answer in (first, second):
            claims = stage.claims(answer["access_token"], "itself")
            assert claims["sub"] == "anna" and claims["client_id"] == "app", claims
            for certificate, status in (("itself", 200), ("thief", 401), (None, 401)):
                found = stage.get("/device/v1/logins", answer["access_token"], certificate)
                assert found.status_code == status, (certificate, found.status_code, found.text)
        app.revoke_token(stage.issuer + "/oauth2/revoke", token=second["refresh_token"])
        found = stage.get("/device/v1/logins", second["access_token"], "itself")
        assert found.status_code == 401, found.text
    yield "authorization_code and refresh_token"


def proven(stage):
    """DPoP, whose proofs joserfc signs: no certificate, and no use without the key."""
    key, other = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")

    def proof(key, method, address, token=None):
        claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": address, "iat": int(time.time())}
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return jwt.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)},
                          claims, key)

    answer = requests.post(
        stage.endpoint, timeout=20, verify=stage.file("ca.pem"),
        headers={"DPoP": proof(key, "POST", stage.endpoint)},
        data={"grant_type": "client_credentials",
              "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
              "client_assertion": JWTBearerGrant.sign(stage.key("es256"), "prover", stage.issuer, "prover",
                                                      alg="ES256", expires_in=300)}).json()
    assert answer.get("token_type") == "DPoP", answer
    token = answer["access_token"]
    claims = jwt.decode(token, stage.keys(), algorithms=["ES256"]).claims
    assert claims["cnf"] == {"jkt": key.thumbprint()}, claims
    address = stage.issuer + "/admin/v1/clients"
    for scheme, signer, status in (("DPoP", key, 200), ("DPoP", other, 401), ("Bearer", key, 401)):
        found = requests.get(address, timeout=20, verify=stage.file("ca.pem"), headers={
            "Authorization": f"{scheme} {token}", "DPoP": proof(signer, "GET", address, token)})
        assert found.status_code == status, (scheme, signer is key, found.status_code, found.text)
    yield "DPoP"


def main():
    ways = ["tls", ("nginx", "pem_urlencoded", "X-Escaped"), ("haproxy", "der_base64", "X-DER"),
            ("haproxy", "rfc9440", "Client-Cert")]
    for way in ways:
        with contextlib.ExitStack() as stack:
            stage = Stage(way, stack)
            for check in (client_credentials, refusals, delegated, users, proven):
                try:
                    for what in check(stage):
                        print(f"ok      {way if way == 'tls' else ' '.join(way[:2])}: {what}", flush=True)
                except Exception:
                    # The audit alone says why something was refused.
                    print(stage.beckon.run("audit", "export")[-2000:], file=sys.stderr)
                    raise


if __name__ == "__main__":
    main()
