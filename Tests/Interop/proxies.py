"""Has nginx and HAProxy terminate mutual TLS, and tells which header fields they send on.

Reads jobs from standard input, each {"proxy": "nginx" or "haproxy", "certificate": name or null,
"forged": {field: value}}, and writes for each {"ok": {"fields": [[name, value], ...], "thumbprint": hex or
null}}. The certificates are `issued` (by an authority that the proxies know) and `itself` (self-signed).
"""

import hashlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "MutualTLS"))

from proxy import PROGRAM as NGINX, Authority  # noqa: E402

HAPROXY = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

NGINX_CONFIGURATION = """
    daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/nginx.log;
    events {{ worker_connections 64; }}
    http {{
      access_log off; {temporary}
      server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {directory}/server.pem; ssl_certificate_key {directory}/server.key;
        ssl_verify_client optional_no_ca;
        location / {{
          proxy_pass http://127.0.0.1:{upstream};
          proxy_set_header X-Escaped $ssl_client_escaped_cert;
        }}
      }}
    }}
    """

HAPROXY_CONFIGURATION = """
global
    maxconn 64
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend front
    bind fd@{number} ssl crt {directory}/both.pem ca-file {directory}/ca.pem verify optional \
crt-ignore-err all ca-ignore-err all
    http-request set-header X-DER %[ssl_c_der,base64]
    http-request del-header Client-Cert
    http-request set-header Client-Cert :%[ssl_c_der,base64]: if {{ ssl_c_used }}
    default_backend back
backend back
    server one 127.0.0.1:{upstream}
"""


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers with the header fields as they came."""

    def do_GET(self):
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def start(name, directory, upstream):
    """The proxy's process and its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    port, number = listener.getsockname()[1], listener.fileno()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    words = {"directory": directory, "port": port, "number": number, "upstream": upstream,
             "temporary": " ".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)}
    file = directory / f"{name}.conf"
    if name == "nginx":
        file.write_text(NGINX_CONFIGURATION.format(**words))
        command = [NGINX, "-p", str(directory), "-c", str(file)]
    else:
        file.write_text(HAPROXY_CONFIGURATION.format(**words))
        command = [HAPROXY, "-db", "-f", str(file)]
    process = subprocess.Popen(command, pass_fds=[number], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL,
                               env={**os.environ, "NGINX": f"{number};"})
    return process, port, listener


def call(job, port, authority):
    context = ssl.create_default_context(cafile=authority.file("ca.pem"))
    name, thumbprint = job.get("certificate"), None
    if name:
        context.load_cert_chain(authority.file(f"{name}.pem"), authority.file(f"{name}.key"))
        pem = pathlib.Path(authority.file(f"{name}.pem")).read_text()
        thumbprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
    connection.request("GET", "/", headers=job.get("forged") or {})
    fields = json.loads(connection.getresponse().read())
    connection.close()
    return {"fields": fields, "thumbprint": thumbprint}


def main():
    jobs = json.load(sys.stdin)
    backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="beckon-") as folder:
        directory = pathlib.Path(folder)
        # nginx's worker, which is another user's if root starts it, reads it.
        directory.chmod(0o755)
        authority = Authority(directory)
        authority.issue("server", "/CN=localhost", 1)
        authority.issue("issued", "/C=GB/O=Bank/CN=issued", 2)
        authority.issue_itself("itself", "/CN=itself", 3)
        both = pathlib.Path(authority.file("server.pem")).read_text()
        (directory / "both.pem").write_text(both + pathlib.Path(authority.file("server.key")).read_text())
        running = {name: start(name, directory, backend.server_port) for name in ("nginx", "haproxy")}
        answers = []
        try:
            for job in jobs:
                try:
                    answers.append({"ok": call(job, running[job["proxy"]][1], authority)})
                except Exception as error:  # The test says which job failed.
                    answers.append({"error": repr(error)})
        finally:
            for process, _, listener in running.values():
                process.terminate()
                process.wait(10)
                listener.close()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
