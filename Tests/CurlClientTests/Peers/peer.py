"""A server that behaves as the path asks, well or badly. Counts what it got.

With tunnel=PORT it is a proxy too, whose tunnels lead to that port of this machine, whatever the
address that was asked for.
"""

import json
import os
import socket
import ssl
import struct
import sys
import threading

options = dict(part.split("=", 1) for part in sys.argv[1:])
changed = threading.Condition()
counts = {}


def count(name):
    with changed:
        counts[name] = counts.get(name, 0) + 1
        changed.notify_all()


class Connection:
    number = 0

    def __init__(self, plain, context):
        Connection.number += 1
        self.number = Connection.number
        self.requests = 0
        self.name = None
        self.socket = context.wrap_socket(plain, server_side=True) if context else plain
        if context:
            subject = (self.socket.getpeercert() or {}).get("subject", ())
            self.name = dict(pair for part in subject for pair in part).get("commonName")
        self.buffer = b""

    def request(self):
        while b"\r\n\r\n" not in self.buffer:
            more = self.socket.recv(65536)
            if not more:
                return None
            self.buffer += more
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        method, path, _ = lines[0].split(" ")
        fields = [line.split(":", 1) for line in lines[1:]]
        fields = [[name, value.strip()] for name, value in fields]
        length = int(dict((n.lower(), v) for n, v in fields).get("content-length", 0))
        while len(self.buffer) < length:
            self.buffer += self.socket.recv(65536)
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        self.requests += 1
        return method, path, fields, body

    def answer(self, status, body=b"", fields=(), head=False):
        lines = ["HTTP/1.1 %d Whatever" % status, "Content-Length: %d" % len(body)]
        lines += fields
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + (b"" if head else body))

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def tunnel(self, port):
        with socket.create_connection(("127.0.0.1", port)) as other:
            self.socket.sendall(b"HTTP/1.1 200 Tunnel\r\n\r\n")
            back = threading.Thread(target=carry, args=(other, self.socket), daemon=True)
            back.start()
            carry(self.socket, other)
            back.join()

    def serve(self):
        while True:
            request = self.request()
            if request is None:
                return
            method, path, fields, body = request
            count(path)
            if method == "CONNECT":
                if "tunnel" not in options:
                    self.answer(403)
                    continue
                count("/tunnel/" + path)
                count("/tunnel/" + path.rsplit(":", 1)[1])
                self.tunnel(int(options["tunnel"]))
                return
            parts = path.split("/")
            kind = parts[1]
            if path.startswith("http://"):
                self.answer(200, ("proxied " + path).encode())
            elif kind == "echo":
                text = json.dumps({
                    "method": method, "path": path, "fields": fields, "body": body.decode(),
                    "connection": self.number, "certificate": self.name,
                })
                self.answer(200, text.encode(), ["X-Empty:", "X-Padded:  a b "], method == "HEAD")
            elif kind == "status":
                self.answer(int(parts[2]), b"", ["Location: /moved" + path, "Retry-After: 7"])
            elif kind == "bytes":
                self.answer(200, b"x" * int(parts[2]))
            elif kind == "chunked":
                chunk = b"%x\r\n%s\r\n" % (1000, b"y" * 1000)
                self.socket.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                    + chunk * int(parts[2]) + b"0\r\nX-Trailer: 1\r\n\r\n")
            elif kind == "part":
                # The rest comes when somebody asks for /rest and the same name.
                self.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npart")
                with changed:
                    changed.wait_for(lambda: counts.get("/rest/" + parts[2]), 60)
                self.socket.sendall(b"rest")
            elif kind == "rest":
                self.answer(200)
            elif kind == "refuse":
                self.answer(403, b"why")
            elif kind == "interim":
                self.socket.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
                self.answer(200, b"late")
            elif kind == "flood":
                self.socket.sendall(b"HTTP/1.1 200 OK\r\n")
                while True:
                    self.socket.sendall(b"X-Flood: " + b"z" * 1000 + b"\r\n")
            elif kind == "lines":
                self.answer(200, b"", ["X-%d: 1" % i for i in range(int(parts[2]))])
            elif kind == "garbage":
                self.socket.sendall(b"this is not a response\r\n\r\n")
                return
            elif kind == "cut":
                self.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
                return
            elif kind == "stall":
                self.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
                self.socket.recv(1)
            elif kind == "half":
                self.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-")
                return
            elif kind == "early":
                self.socket.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
                return
            elif kind == "silent":
                return
            elif kind == "reset":
                self.reset()
                return
            elif kind == "hang":
                while self.socket.recv(65536):
                    pass
                count("/closed" + path)
                return
            elif kind == "once":
                # Answers the first request of a connection; reads the second and goes away.
                if self.requests > 1:
                    return
                self.answer(200, b"first", head=method == "HEAD")
            elif kind == "leave":
                # Keeps the connection alive by its answer, and closes it all the same.
                self.answer(200, str(self.number).encode())
                self.socket.shutdown(socket.SHUT_RDWR)
                count("/left" + path)
                return
            elif kind == "await":
                name = "/" + "/".join(parts[3:])
                with changed:
                    changed.wait_for(lambda: counts.get(name, 0) >= int(parts[2]), 60)
                self.answer(200, str(counts.get(name, 0)).encode())
            elif kind == "count":
                self.answer(200, str(counts.get("/" + "/".join(parts[2:]), 0)).encode())
            else:
                self.answer(404)


def carry(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def handle(plain, context):
    connection = None
    try:
        connection = Connection(plain, context)
        connection.serve()
    except (OSError, ValueError, KeyError):
        pass
    finally:
        (connection.socket if connection else plain).close()


def main():
    context = None
    if "certificate" in options:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if options.get("version") == "1.1":
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.load_cert_chain(options["certificate"], options["key"])
        if "authorities" in options:
            context.load_verify_locations(options["authorities"])
            context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    while True:
        plain, _ = listener.accept()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=handle, args=(plain, context), daemon=True).start()


main()
