"""Writes what the fuzzers begin with: seeds.py KIND FOLDER."""

import base64
import hashlib
import json
import pathlib
import ssl
import subprocess
import sys
import urllib.parse

TESTS = pathlib.Path(__file__).resolve().parent.parent


def canonical():
    yield b'[56,{"d":true,"10":null,"1":[]}]'
    yield '{"péché":"é","pêche":"\\ud83d\\ude02","\\u20ac":"\\u0080"}'.encode()
    yield b'{"a":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0]}'
    yield b'{"\\r":"\\u000f\\n\\\\\\"\\/","1":{"f":{"F":5},"\\n":56.0}}'


def jose():
    """The first byte chooses what the rest is: see JOSEFuzz.swift."""
    vectors = TESTS / "JOSETests" / "Vectors"
    signatures = json.loads((vectors / "signatures.json").read_text())["signatures"]
    for entry in signatures:
        key = json.dumps(entry["key"]).encode()
        public = {k: v for k, v in entry["key"].items() if k not in ("d", "p", "q", "dp", "dq", "qi")}
        yield b"\x00" + entry["token"].encode()
        yield b"\x03" + key
        yield b"\x04" + json.dumps({"keys": [public, public]}).encode()
    for group in json.loads((vectors / "wycheproof.json").read_text())["groups"]:
        for test in group["tests"]:
            yield b"\x00" + test["jws"].encode()
    for header in ({"alg": "HS256"}, {"alg": "HS256", "kid": "mac", "typ": "JWT", "crit": ["b64"]}):
        yield b"\x01" + json.dumps(header).encode()
    claims = {"iss": "a", "sub": "b", "aud": ["c"], "exp": 18e8, "nbf": 1, "iat": 2, "jti": "d"}
    yield b"\x02" + json.dumps(claims).encode()
    yield b"\x05-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"
    yield b"\x05-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"


def consent():
    """The first byte chooses the kind of consent: see ConsentFuzz.swift."""
    account = {"SchemeName": "UK.OBIE.IBAN", "Identification": "GB29", "Name": "Shop"}
    amount = {"Amount": "165.88", "Currency": "GBP"}
    order = {
        "InstructedAmount": amount,
        "CreditorAccount": account,
        "DebtorAccount": account,
        "RemittanceInformation": {"Reference": "r", "Unstructured": "u"},
        "RequestedExecutionDateTime": "2026-12-24T09:00:00Z",
        "Frequency": "EvryDay",
        "FirstPaymentDateTime": "2026-12-01T00:00:00Z",
        "FirstPaymentAmount": amount,
        "ControlSum": 11500000.5,
        "NumberOfTransactions": "200",
        "FileType": "t",
        "FileHash": "h",
        "ExchangeRateInformation": {"UnitCurrency": "GBP", "ExchangeRate": 1.2, "RateType": "Actual"},
    }
    uk = {"ConsentId": "c", "Initiation": order, "Charges": [{"Type": "t", "Amount": amount}]}
    pix_account = {"ispb": "12345678", "issuer": "1774", "number": "1", "accountType": "CACC"}
    pix = {
        "expirationDateTime": "2026-11-20T12:04:00Z",
        "payment": {
            "amount": "1.00", "currency": "BRL", "schedule": {"single": {"date": "2026-12-24"}},
            "details": {"localInstrument": "DICT", "creditorAccount": pix_account},
        },
        "creditor": {"name": "M", "cpfCnpj": "1", "personType": "PESSOA_NATURAL"},
        "loggedUser": {"document": {"identification": "1", "rel": "CPF"}},
    }
    payment = "customer_payment_consent"
    own = {
        0: ("account_access_consent", {"Permissions": ["ReadBalances"]}),
        1: ("domestic_payment_consent", uk),
        2: ("domestic_scheduled_payment_consent", uk),
        3: ("domestic_standing_order_consent", uk),
        4: ("file_payment_consent", uk),
        5: ("international_payment_consent", uk),
        6: ("international_scheduled_payment_consent", uk),
        7: ("international_standing_order_consent", uk),
        8: ("customer_data_access_consent", {"permissions": ["ACCOUNTS_READ"]}),
        11: (payment, pix),
        12: ("fdx_consent", {"resources": [{"resourceType": "A", "dataClusters": ["TAX"]}]}),
        13: ("cdr_arrangement", {"expiry": "2027-03-01T09:02:27Z", "account_ids": ["a"]}),
        14: ("ksa_consent", {"expiry": "2027-03-01T09:02:27Z"}),
        10: (payment + "_v2", pix),
        9: (payment + "_v3", pix),
    }
    for choice, (member, content) in own.items():
        scopes = [{"requested_name": "bank:transactions:read"}, {"name": "openid"}]
        yield bytes([choice]) + json.dumps({"requested_scopes": scopes, member: content}).encode()


def language():
    """The user's own choice, a line break, and the browser's field: see LanguageFuzz.swift."""
    yield b"\nfr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5"
    yield b"pt-PT\npt-BR,pt;q=0.9"
    yield b"zh-Hant-TW-x-private\n" + b"a-" * 200
    yield "\n\u0315\u0300\u0315\u0300, ar;q=0.001".encode()


def form():
    yield b"decision=approve&account=acc-1&account=acc-2&shown=AAAA"
    yield b"scope=zo%C3%AB&scope=zoe%CC%88&decision=deny"
    yield b"a=%41+b&=&b&%CC%95%CC%80=%CC%95"


def number():
    for text in ("0", "-0.0", "1e-9223372036854775808", "1e9223372036854775807", "1E+400", "5e-324",
                 "0.000001", "123456789012345678901234567890.5", "1e-999999999", "9007199254740993"):
        yield text.encode()


def grant():
    scope = {"requested_name": "transfer.5EUR", "name": "transfer.*", "display_name": "Transfer"}
    yield json.dumps({"requested_scopes": [{"name": "openid"}, scope], "client_info": {}}).encode()
    yield json.dumps({
        "requested_scopes": [{"name": "openid"}], "requested_claims_to_consent": ["email"],
        "client_info": {"client_name": "Shop"}, "authorization_details": [],
        "scope_grant_approved": False, "scope_grant_rejected": False,
    }).encode()
    yield json.dumps({
        "requested_scopes": [{"name": "openid", "params": ["p"]}], "requested_acr": ["high"],
        "request_query_params": {"claims": ['{"id_token":{"acr":null}}'], "ui": ["x"]},
        "authorization_details": [{"type": "payment", "amount": 5.10, "to": [{"iban": None}]}],
    }).encode()


def certificate():
    """The first byte chooses the format: see CertificateFuzz.swift."""
    for key in (["ed25519"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]):
        pem = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "3650", "-subj", "/O=B/CN=a",
             "-addext", "subjectAltName=DNS:a.test,IP:::1,URI:a:b,email:a@b.test", "-keyout", "/dev/null"],
            check=True, capture_output=True, text=True).stdout
        der = ssl.PEM_cert_to_DER_cert(pem)
        text = base64.b64encode(der).decode()
        escaped = urllib.parse.quote(pem, safe="")
        values = [escaped, pem.replace("\n", " "), text, f":{text}:",
                  urllib.parse.quote(pem, safe="+=/"),
                  f'By=a;Hash=00;Cert="x",Hash={hashlib.sha256(der).hexdigest()};Cert="{escaped}"']
        for choice, value in enumerate(values):
            yield bytes([choice]) + value.encode()
        yield bytes([len(values)]) + der
        yield bytes([len(values) + 1]) + pem.encode()


def assertion():
    """The first byte chooses what the rest is: see AssertionFuzz.swift."""
    header = base64.urlsafe_b64encode(b'{"alg":"ES256","kid":"k1"}').rstrip(b"=").decode()
    claims = {"iss": "tool", "sub": "tool", "aud": "https://as.example", "jti": "j1",
              "iat": 18 * 10**8, "exp": 18 * 10**8 + 300}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    form = {
        "grant_type": "client_credentials", "scope": "admin:read",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": f"{header}.{payload}.AA",
    }
    yield b"\x00" + urllib.parse.urlencode(form).encode()
    yield b"\x00client_id=tool&client_secret=s&grant_type=&scope="
    yield b"\x01Basic " + base64.b64encode(b"tool:a%20secret")
    yield b"\x02" + json.dumps(claims).encode()
    yield b"\x03" + json.dumps({**claims, "sub": "anna", "aud": ["https://as.example"]}).encode()


def name():
    yield rb"CN=acp\, one+OU=a,2.5.4.97=PSDGB,O=#0C0461626364,C=GB"
    yield rb"x5t#S256"
    yield base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=")
    yield b"2001:db8::1"
    yield rb"CN=\ a\20,OID.1.2.3=#040161"


def idtoken():
    """The first byte chooses a token, or the header and claims of one: see IDTokenFuzz.swift."""
    now = 1_800_000_000
    claims = {
        "iss": "https://login.bank.example", "aud": ["as-inbox", "project-1"], "azp": "as-inbox",
        "sub": "24400320", "iat": now, "exp": now + 60, "nonce": "n", "sid": "s",
        "email": "a@b.example", "email_verified": True, "given_name": "G", "family_name": "F",
        "https://bank.example/ciba_user": "u", "auth_time": now, "acr": "2", "amr": ["pwd"],
    }
    logout = {k: claims[k] for k in ("iss", "aud", "azp", "sub", "sid", "iat", "exp")} | {
        "jti": "j", "events": {"http://schemas.openid.net/event/backchannel-logout": {}}}
    for header, content in (({"alg": "HS256", "typ": "JWT"}, claims), ({"alg": "HS256"}, claims),
                            ({"alg": "HS256", "typ": "logout+jwt", "kid": "k"}, logout)):
        yield b"\x01" + json.dumps(header).encode() + b"\n" + json.dumps(content).encode()
    yield b"\x00eyJhbGciOiJIUzI1NiJ9.e30.AAAA"


def cookie():
    yield b"__Host-beckon-inbox=abc; a=b;c=d=e"
    yield b"a=1\n__Host-beckon-inbox=x\n=; ;b"


def passkey_vectors():
    """The ceremonies of WebAuthn Level 3, section 16."""
    file = TESTS / "WebAuthnTests" / "Vectors" / "section16.json"
    for vector in json.loads(file.read_text())["vectors"]:
        for ceremony in (vector["registration"], vector["authentication"]):
            yield {name: bytes.fromhex(value) for name, value in ceremony.items()}


def authenticator_data(parts):
    if "authenticatorData" in parts:
        return parts["authenticatorData"]
    attestation = parts["attestationObject"]
    at = attestation.index(b"authData") + len(b"authData")
    head = {0x58: 2, 0x59: 3}[attestation[at]]
    return attestation[at + head:]


def cbor():
    """The first byte chooses what the rest is, here and below: see PasskeyFuzz.swift."""
    for parts in passkey_vectors():
        if "attestationObject" in parts:
            yield b"\x00" + parts["attestationObject"]
    for form in ("00", "3903e8", "1bffffffffffffffff", "8201f6", "a201026161f5", "8181818040", "62c3a9"):
        yield b"\x00" + bytes.fromhex(form)


def cose():
    for parts in passkey_vectors():
        if "attestationObject" in parts:
            yield b"\x01" + authenticator_data(parts)[55 + len(parts["credential_id"]):]


def authdata():
    for parts in passkey_vectors():
        yield b"\x02" + authenticator_data(parts)
    yield b"\x02" + bytes(32) + bytes([0x85]) + bytes(4) + bytes.fromhex("a16375766d80")


def clientdata():
    for parts in passkey_vectors():
        yield b"\x03" + parts["clientDataJSON"]
    yield b'\x03{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}'


def proof():
    """The first byte chooses what the rest is: see ProofFuzz.swift."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    head = json.dumps({"alg": "EdDSA", "typ": "dpop+jwt", "jwk": jwk}).encode()
    claims = {"htm": "POST", "htu": "https://as.example/device/v1/device", "jti": "1",
              "iat": 1_800_000_000}
    parts = [base64.urlsafe_b64encode(part).rstrip(b"=")
             for part in (head, json.dumps(claims).encode(), bytes(64))]
    yield b"\x00" + b".".join(parts)
    yield b"\x01" + head
    yield b"\x02" + json.dumps(claims).encode()
    yield b"\x02" + json.dumps({**claims, "iat": 1.8e9, "nonce": "n", "ath": "a"}).encode()
    yield b"\x02" + json.dumps({**claims, "htu": "HTTPS://AS.example:443/device/v1/device?a#b"}).encode()


def match():
    """A pattern, a line break, and a message: see MatchFuzz.swift."""
    yield b"######\nPay 12.50, code 730194"
    yield "### ###\ncode 730\u00a0194 \u200b73\u200e0194".encode()
    yield "code: ####\nOrder 1234, code: \uff15678 \u2460\u2461".encode()
    yield "##-##\n12\u2011\u316434 \u0661\u0662-\u0663\u0664".encode()
    yield b"\\####\nticket #123"


def device():
    """The first byte chooses a decision or a device: see DeviceFuzz.swift."""
    digest = base64.urlsafe_b64encode(bytes(32)).rstrip(b"=").decode()
    yield b"\x00" + json.dumps({"decision": "deny"}).encode()
    yield b"\x00" + json.dumps({"decision": "approve", "digest": digest, "accounts": ["a", "b"],
                                "scopes": None, "code": "730 194"}).encode()
    yield b"\x00" + json.dumps({"decision": "fraud", "signature": "e30.e30.AA", "pin": "4711"}).encode()
    yield b"\x01" + json.dumps({
        "code": "7K3M-Q9TX-4HWD", "name": "Anna's phone", "platform": "android",
        "languages": ["pt-BR"], "protection": "hardware", "pin": "4711",
        "channels": [{"channel": "push", "address": "token-1"}]}).encode()
    yield b"\x01" + json.dumps({"name": "\u202ea", "languages": None, "channels": None}).encode()


KINDS = {
    "canonical": canonical, "jose": jose, "consent": consent, "language": language, "form": form,
    "number": number, "grant": grant, "certificate": certificate, "name": name,
    "assertion": assertion, "proof": proof,
    "idtoken": idtoken, "cookie": cookie,
    "cbor": cbor, "cose": cose, "authdata": authdata, "clientdata": clientdata,
    "match": match, "device": device,
}
folder = pathlib.Path(sys.argv[2])
for number, seed in enumerate(KINDS[sys.argv[1]]()):
    (folder / str(number)).write_bytes(seed)
