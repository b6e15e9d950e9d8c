"""How peers reach Beckon: through proxies, on separate listeners, too many, too slow, too often."""

import base64
import http.client
import json
import os
import pathlib
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

from acp import ACP
from beckon import PASSWORD, Beckon, Phone
from family_stage import until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "MutualTLS"))

from proxy import Authority  # noqa: E402

BODY = json.dumps({"user_identifier": "anna"})
ONES = {"Content-Type": "application/json"}


def basic(password=PASSWORD):
    return {"Authorization": "Basic " + base64.b64encode(f"acp:{password}".encode()).decode()}


def call(port, source="127.0.0.1", headers=None, path="/user/verify", body=BODY, first=b""):
    """A call from an address of this machine; `first` comes before everything else."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(source, 0))
    try:
        connection.connect()
        if first:
            connection.sock.sendall(first)
        connection.request("POST", path, body, {**ONES, **basic(), **(headers or {})})
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def status(*arguments, **named):
    return call(*arguments, **named)[0]


def prepared(config, phone=None, acp="http://127.0.0.1:9"):
    beckon = Beckon(phone, acp, config=config)
    beckon.run("migrate")
    beckon.run("users", "add", "--user=anna")
    return beckon


class Proxies(unittest.TestCase):
    """nginx and curl tell whose request it is."""

    NGINX = """
        daemon off; worker_processes 1; pid {directory}/nginx.pid;
        error_log {directory}/nginx-error.log;
        events {{ worker_connections 64; }}
        http {{
          access_log off; {temporary}
          server {{
            listen 127.0.0.1:{port};
            location / {{
              proxy_pass http://127.0.0.1:{upstream};
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            }}
          }}
        }}
        """

    @classmethod
    def setUpClass(cls):
        cls.beckon = prepared({"listen": {"trusted_proxies": ["127.0.0.1"]}})
        server = cls.beckon.config["authorization_servers"][0]
        server["inbound"]["allow"] = ["127.0.0.2", "192.0.2.0/24"]
        cls.beckon.file.write_text(json.dumps(cls.beckon.config))
        cls.beckon.start()
        cls.directory = tempfile.TemporaryDirectory(prefix="beckon-")
        cls.socket = socket.create_server(("127.0.0.1", 0))
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folder = cls.directory.name
        (pathlib.Path(folder) / "nginx.conf").write_text(cls.NGINX.format(
            directory=folder, port=cls.socket.getsockname()[1], upstream=cls.beckon.port,
            temporary=" ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)))
        number = cls.socket.fileno()
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        cls.nginx = subprocess.Popen(
            ["nginx", "-p", folder, "-c", folder + "/nginx.conf"], pass_fds=[number],
            env={**os.environ, "PATH": path, "NGINX": f"{number};"}, stderr=subprocess.DEVNULL)
        cls.port = cls.socket.getsockname()[1]

    @classmethod
    def tearDownClass(cls):
        cls.nginx.terminate()
        cls.nginx.wait(10)
        cls.socket.close()
        cls.directory.cleanup()
        cls.beckon.close()

    def test_address_behind_nginx(self):
        forged = {"X-Forwarded-For": "127.0.0.2"}
        self.assertEqual(status(self.port, "127.0.0.2"), 200)
        self.assertEqual(status(self.port, "127.0.0.3"), 403)
        self.assertEqual(status(self.port, "127.0.0.3", forged), 403)
        # One that nginx passes on as it came.
        self.assertEqual(status(self.port, "127.0.0.3", {"Forwarded": "for=127.0.0.2"}), 400)

        def addresses():
            return {line["address"] for line in self.beckon.lines()
                    if line.get("event") == "peer.forbidden"}
        until("the refusals are logged", addresses)
        self.assertEqual(addresses(), {"127.0.0.3"})

    def test_forged_fields(self):
        for headers in ({"X-Forwarded-For": "127.0.0.2"}, {"Forwarded": "for=127.0.0.2"}):
            code, _, body = call(self.beckon.port, "127.0.0.2", headers)
            self.assertEqual((code, json.loads(body)["error"]), (403, "forbidden"))
            self.assertEqual(status(self.beckon.port, "127.0.0.1", headers), 200)

    def test_proxy_protocol(self):
        one = b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n"
        two = (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton("192.0.2.7")
               + socket.inet_aton("127.0.0.1") + b"\x12\x67\0\x50")
        for preamble in (one, two):
            self.assertEqual(status(self.beckon.port, first=preamble), 200)
            other = preamble.replace(b"192.0.2.7", b"198.51.100.7")
            other = other.replace(socket.inet_aton("192.0.2.7"), socket.inet_aton("198.51.100.7"))
            self.assertEqual(status(self.beckon.port, first=other), 403)
            self.assertEqual(status(self.beckon.port, "127.0.0.2", first=preamble), 400)

    def test_proxy_protocol_of_curl(self):
        run = subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--haproxy-protocol",
             "-u", f"acp:{PASSWORD}", "-d", BODY, f"{self.beckon.url}/user/verify"],
            capture_output=True, text=True)
        # It names the addresses of the connection, which are not allowed.
        self.assertEqual(run.stdout, "403")


class Audiences(unittest.TestCase):
    def test_listeners_by_audience(self):
        with prepared({"listen": {"people": {"address": "127.0.0.1:0"}}}) as beckon:
            ports = {line["listener"]: line["port"] for line in beckon.lines()
                     if line.get("event") == "server.listening"}
            self.assertEqual(set(ports), {"public", "people", "management"})
            self.assertEqual(status(ports["public"]), 200)
            self.assertEqual(status(ports["people"]), 404)
            for port, expected in ((ports["people"], 401), (ports["public"], 404)):
                answer = beckon.request("GET", "/device/v1/logins/x", port=port)
                self.assertEqual(answer[0], expected)
            metrics = beckon.metrics()
            for name in ports:
                self.assertIn(f'beckon_loop_lag_seconds{{listener="{name}",loop="0"}} ', metrics)
            self.assertIn('{route="/device/v1/logins/{id}",method="GET",status="401"} 1', metrics)
            self.assertIn('{route="/user/verify",method="POST",status="200"} 1', metrics)


class Certificates(unittest.TestCase):
    def test_named_client_certificates(self):
        with tempfile.TemporaryDirectory(prefix="beckon-") as directory:
            authority = Authority(directory)
            for number, name in enumerate(("server", "old", "new", "other")):
                authority.issue(name, f"/C=GB/O=Bank/CN={name}", number + 1)
            tls = {"certificate": authority.file("server.pem"), "key": authority.file("server.key"),
                   "client_certificates": "required", "client_authorities": authority.file("ca.pem")}
            # Only servers need a certificate: people have a listener of their own.
            beckon = prepared({"listen": {"servers": {"address": "127.0.0.1:0", "tls": tls}}})
            beckon.config["authorization_servers"][0]["inbound"]["require_client_certificate"] = [
                {"x5t#S256": authority.thumbprint("old")}, {"subject": "CN=new, O=Bank, C=GB"}]
            beckon.file.write_text(json.dumps(beckon.config))
            with beckon:
                port = next(line["port"] for line in beckon.lines()
                            if line.get("listener") == "servers")
                for name, expected in (("old", 200), ("new", 200), ("other", 403)):
                    context = ssl.create_default_context(cafile=authority.file("ca.pem"))
                    context.load_cert_chain(authority.file(f"{name}.pem"),
                                            authority.file(f"{name}.key"))
                    connection = http.client.HTTPSConnection("localhost", port, context=context)
                    connection.request("POST", "/user/verify", BODY, {**ONES, **basic()})
                    response = connection.getresponse()
                    self.assertEqual(response.status, expected, name)
                    self.assertIn("max-age=", response.headers["Strict-Transport-Security"])
                    connection.close()
                self.assertEqual(beckon.request("GET", "/approve/x")[0], 404)

    def test_certificates_of_any_issuer(self):
        with tempfile.TemporaryDirectory(prefix="beckon-") as directory:
            authority = Authority(directory)
            authority.issue("server", "/CN=localhost", 1)
            for number, name in enumerate(("named", "pinned", "other")):
                authority.issue_itself(name, f"/C=GB/O=Bank/CN={name}", number + 2)
            authority.issue("issued", "/C=GB/O=Bank/CN=named", 5)
            accepted = [{"x5t#S256": authority.thumbprint("pinned")}, {"subject": "CN=named,O=Bank,C=GB"}]
            tls = {"certificate": authority.file("server.pem"), "key": authority.file("server.key"),
                   "client_certificates": "any"}
            for authorities, issued in ({}, 403), ({"client_authorities": authority.file("ca.pem")}, 200):
                beckon = prepared(
                    {"listen": {"servers": {"address": "127.0.0.1:0", "tls": {**tls, **authorities}}}})
                inbound = beckon.config["authorization_servers"][0]["inbound"]
                inbound["require_client_certificate"] = accepted
                beckon.file.write_text(json.dumps(beckon.config))
                with beckon:
                    port = next(line["port"] for line in beckon.lines()
                                if line.get("listener") == "servers")
                    # Whoever made `named` could write any name into it.
                    for name, expected in (("pinned", 200), ("named", 403), ("other", 403), (None, 403),
                                           ("issued", issued)):
                        context = ssl.create_default_context(cafile=authority.file("ca.pem"))
                        if name:
                            context.load_cert_chain(authority.file(f"{name}.pem"),
                                                    authority.file(f"{name}.key"))
                        connection = http.client.HTTPSConnection("localhost", port, context=context)
                        connection.request("POST", "/user/verify", BODY, {**ONES, **basic()})
                        self.assertEqual(connection.getresponse().status, expected, name)
                        connection.close()


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.beckon = prepared({"limits": {
            "pending_bytes": 8 << 20, "pending_bytes_per_address": 4 << 20}}).start()

    @classmethod
    def tearDownClass(cls):
        cls.beckon.close()

    def memory(self):
        status = pathlib.Path(f"/proc/{self.beckon.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if "VmRSS" in line).split()[1])

    def slow(self, count, headers):
        """Connections that have sent all of a body but its end."""
        peers = []
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        for _ in range(count):
            peer = socket.create_connection(("127.0.0.1", self.beckon.port), timeout=20)
            peers.append(peer)
            peer.sendall((f"POST /authentication/start HTTP/1.1\r\nHost: x\r\n{head}"
                          "Content-Length: 65536\r\n\r\n").encode())
            try:
                peer.sendall(b" " * 65000)
            except ConnectionError:
                pass
        return peers

    def first_lines(self, peers):
        lines = []
        for peer in peers:
            peer.settimeout(0.05)
            try:
                lines.append(peer.recv(12))
            except (TimeoutError, ConnectionError):
                lines.append(None)
            peer.close()
        return lines

    def test_slow_bodies(self):
        before = self.memory()
        anonymous = self.slow(300, {})
        lines = self.first_lines(anonymous)
        self.assertGreater(lines.count(b"HTTP/1.1 401"), 250)
        known = self.slow(300, basic())
        # Another address has its own part of the budget, however busy the server is with these.
        code, _, body = call(self.beckon.port, "127.0.0.7")
        self.assertEqual(code, 200, body)
        self.assertLess(self.memory() - before, 20_000)
        self.assertGreater(self.first_lines(known).count(b"HTTP/1.1 503"), 200)

    def test_errors_have_the_form_of_the_interface(self):
        for path in ("/user/verify", "/authentication/start"):
            for headers, body, expected in (
                    ({}, "x" * 65537, 413), ({}, "{", 400), ({"Expect": "x"}, "{}", 417),
                    ({"Authorization": "Basic eDp5"}, "x" * 65537, 401)):
                code, fields, text = call(self.beckon.port, headers=headers, path=path, body=body)
                self.assertEqual((code, fields["Content-Type"]), (expected, "application/json"))
                self.assertIn("error_description", json.loads(text))

    def test_failed_basic(self):
        wrong = basic("wrong")
        codes = [status(self.beckon.port, "127.0.0.9", wrong) for _ in range(12)]
        self.assertEqual(codes[:10], [401] * 10)
        self.assertEqual(codes[11], 429)
        code, fields, _ = call(self.beckon.port, "127.0.0.9")
        self.assertEqual((code, fields["Retry-After"]), (429, "1"))
        self.assertEqual(status(self.beckon.port, "127.0.0.8"), 200)


class Descriptors(unittest.TestCase):
    def test_connections_leave_some(self):
        old = resource.getrlimit(resource.RLIMIT_NOFILE)
        phone, acp = Phone(), ACP("http://127.0.0.1:1")
        beckon = prepared({}, phone, acp.url)
        peers = []
        try:
            run = subprocess.Popen

            def limited(*arguments, **named):
                return run(*arguments, **named, preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_NOFILE, (256, 256)))
            subprocess.Popen = limited
            try:
                beckon.start()
            finally:
                subprocess.Popen = run
            acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{beckon.port}")
            login = acp.start(user="anna")
            for _ in range(400):
                peers.append(socket.create_connection(("127.0.0.1", beckon.port), timeout=20))
            # The platform still gets its answers, and a person's decision is still reported.
            self.assertIn("process_max_fds 256", beckon.metrics())
            for peer in peers[:50]:
                peer.close()
            self.assertEqual(phone.decide(beckon, login.id, "approve")[0], 200)
            self.assertEqual(acp.await_tokens(login)[0], 200)
            self.assertTrue(any(line.get("event") == "limits.connections_lowered"
                                for line in beckon.lines()))
        finally:
            for peer in peers:
                peer.close()
            beckon.close()
            acp.__exit__()
            phone.__exit__()
        self.assertEqual(old, resource.getrlimit(resource.RLIMIT_NOFILE))


if __name__ == "__main__":
    unittest.main()
