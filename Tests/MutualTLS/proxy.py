"""Certificates by the openssl command, and an nginx that requires them in front of a server."""

import base64
import hashlib
import os
import pathlib
import shutil
import socket
import ssl
import subprocess

# It lies where only root's PATH leads.
PROGRAM = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Authority:
    """Issues certificates into a directory; `name` is that of its own."""

    def __init__(self, directory, name="ca"):
        self.directory, self.name = pathlib.Path(directory), name
        self.openssl("req", "-x509", *self.new_key(name), "-days", "2", "-subj", f"/CN={name}",
                     "-out", self.file(f"{name}.pem"))

    def file(self, name):
        return str(self.directory / name)

    def new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                self.file(f"{name}.key"))

    def issue(self, name, subject, serial):
        """A certificate for `localhost`, in `name`.pem and `name`.key."""
        extensions = self.directory / f"{name}.ext"
        extensions.write_text("subjectAltName=DNS:localhost\n")
        self.openssl("req", *self.new_key(name), "-subj", subject, "-out", self.file(f"{name}.csr"))
        self.openssl("x509", "-req", "-in", self.file(f"{name}.csr"), "-days", "2",
                     "-CA", self.file(f"{self.name}.pem"), "-CAkey", self.file(f"{self.name}.key"),
                     "-set_serial", str(serial), "-extfile", str(extensions),
                     "-out", self.file(f"{name}.pem"))
        return self.file(f"{name}.pem"), self.file(f"{name}.key")

    def issue_itself(self, name, subject, serial):
        """The same, signed by its own key: of no authority."""
        self.openssl("req", "-x509", *self.new_key(name), "-days", "2", "-subj", subject,
                     "-set_serial", str(serial), "-out", self.file(f"{name}.pem"))

    def thumbprint(self, name):
        """`x5t#S256` of a certificate (RFC 8705 3.1)."""
        der = ssl.PEM_cert_to_DER_cert(pathlib.Path(self.file(f"{name}.pem")).read_text())
        return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Nginx:
    """Listens at `url`, asks for certificates of `authority`, and tells `upstream` of them.

    With `any_certificate` it takes those of nobody too, and callers without one.
    """

    CONFIGURATION = """
        daemon off; worker_processes 1; pid {directory}/nginx.pid;
        error_log {directory}/nginx-error.log;
        events {{ worker_connections 512; }}
        http {{
          log_format calls '$ssl_client_serial $connection $request_method $uri $status';
          access_log {directory}/nginx.log calls;
          {temporary}
          server {{
            listen 127.0.0.1:{port} ssl;
            ssl_certificate {directory}/server.pem; ssl_certificate_key {directory}/server.key;
            ssl_protocols TLSv1.2 TLSv1.3;
            {verification}
            location / {{
              proxy_pass {upstream};
              proxy_set_header Host $http_host;
              proxy_set_header X-Client-Certificate $ssl_client_escaped_cert;
              proxy_set_header X-Client-Subject $ssl_client_s_dn;
            }}
          }}
        }}
        """

    def __init__(self, authority, any_certificate=False):
        authority.issue("server", "/CN=localhost", 1)
        self.directory = authority.directory
        own = authority.file(f"{authority.name}.pem")
        self.verification = (
            "ssl_verify_client optional_no_ca;" if any_certificate
            else f"ssl_client_certificate {own}; ssl_verify_client on;")
        # Bound here and handed over, so that nobody else can have the port in between.
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"https://localhost:{self.port}"
        self.process = None

    def start(self, upstream):
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {self.directory}/{kind};" for kind in kinds)
        file = self.directory / "nginx.conf"
        file.write_text(self.CONFIGURATION.format(
            directory=self.directory, temporary=temporary, port=self.port, upstream=upstream,
            verification=self.verification))
        number = self.socket.fileno()
        self.process = subprocess.Popen(
            [PROGRAM, "-p", str(self.directory), "-c", str(file)], pass_fds=[number],
            env={**os.environ, "NGINX": f"{number};"}, stderr=subprocess.DEVNULL)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
        self.socket.close()

    def calls(self, skip=0):
        """What came through, as (serial of the certificate, connection, method, path, status)."""
        lines = (self.directory / "nginx.log").read_text().splitlines()[skip:]
        return [tuple(line.split(" ")) for line in lines]
