"""Peers, their load, and the tables of what was measured."""

import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent

BODY = b'{"user_identifier":"customer-01234567890123456"}'
VERIFY = (b"POST /user/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
          b"Authorization: Basic YWNwOm5vdC1hLXNlY3JldC1idXQtbG9uZy1lbm91Z2g=\r\n"
          b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY))


class Peer:
    """A server that is started afresh for each round."""

    def __init__(self, name, port, command, before=lambda: None):
        self.name, self.port, self.command, self.before = name, port, command, before

    def __enter__(self):
        self.before()
        self.start().close()
        return self

    def start(self):
        """Starts it, and returns the first connection that it takes."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), 0.2)
                connection.settimeout(20)
                return connection
            except OSError:
                time.sleep(0.001)
        raise SystemExit(f"{self.name} does not start: {self.command}")

    def first_answer(self):
        """Milliseconds from the start to the answer of the first request."""
        began = time.monotonic()
        try:
            with self.start() as connection:
                connection.sendall(VERIFY)
                connection.recv(4096)
                return (time.monotonic() - began) * 1e3
        finally:
            self.__exit__()

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu(self):
        return cpu(self.process.pid)

    def resident(self):
        total = 0
        for pid in family(self.process.pid):
            for line in open(f"/proc/{pid}/smaps_rollup"):
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total


def family(pid):
    """A process and those that it has started."""
    found = [pid]
    for pid in found:
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                children = open(f"/proc/{pid}/task/{task}/children").read().split()
                found += [int(child) for child in children]
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def cpu(pid):
    """Seconds that a process and those that it has started have used, also those that have ended."""
    ticks = 0
    for member in family(pid):
        try:
            fields = open(f"/proc/{member}/stat").read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def busy():
    """Seconds that all cores together have worked since the machine started, for whomever."""
    user, nice, system, _, _, irq, soft = map(int, open("/proc/stat").readline().split()[1:8])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def wrk(port, path, script, seconds, connections=64, arguments=()):
    run = subprocess.run(
        ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s", "-s", HERE / script, "--latency",
         f"http://127.0.0.1:{port}{path}", "--", *map(str, arguments)],
        capture_output=True, text=True)
    lines = [line for line in run.stdout.splitlines() if line.startswith("RESULT")]
    if not lines:
        raise SystemExit(run.stdout + run.stderr)
    count, micros, p50, p99, errors = map(int, lines[0].split()[1:])
    return {"rate": count / (micros / 1e6), "p50": p50, "p99": p99, "errors": errors, "count": count}


def load(peers, path, script, options):
    """Rounds of every peer in turn; the rows by name."""
    return rounds([(peer, path, script, None) for peer in peers], options)


def rounds(loads, options):
    """The same for peers that each have their own path, script, and function that makes the arguments
    of the script for the warm-up and for the measurement, once the peer is up."""
    rows = {peer.name: [] for peer, *_ in loads}
    for number in range(options.rounds):
        for peer, path, script, arguments in loads:
            progress(f"round {number + 1}/{options.rounds}: {peer.name}")
            with peer:
                rows[peer.name].append(
                    once(peer, path, script, options.seconds, arguments))
    progress("")
    return rows


def once(peer, path, script, seconds, arguments=None, begin=lambda: None):
    """The measurement of a peer that is up. `begin` is called between the warm-up and the measurement."""
    warm, cold = arguments() if arguments else ((), ())
    wrk(peer.port, path, script, 1, arguments=warm)
    begin()
    before = peer.cpu()
    row = wrk(peer.port, path, script, seconds, arguments=cold)
    row["cpu"] = (peer.cpu() - before) / row["count"] * 1e6
    return row


def verify(connection):
    connection.sendall(VERIFY)
    answer = connection.recv(4096)
    if not (answer.startswith(b"HTTP/1.1 200") and b"true" in answer):
        raise RuntimeError(f"unexpected answer {answer!r}")


def ready(port, limit=120):
    """Waits until a verify is answered: a slow server accepts connections long before."""
    end = time.monotonic() + limit
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 30) as connection:
                return verify(connection)
        except (OSError, RuntimeError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def progress(text):
    if sys.stderr.isatty():
        print("\r\033[K" + text, end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def median(samples, key, width, digits=0):
    """A column of a table; a dash when it was not measured."""
    values = [sample[key] for sample in samples if key in sample]
    return f"{statistics.median(values):{width},.{digits}f}" if values else f"{'-':>{width}}"


def spread(values, digits=0):
    """The median, and the least and greatest."""
    least, greatest = min(values), max(values)
    return f"{statistics.median(values):,.{digits}f} ({least:,.{digits}f} to {greatest:,.{digits}f})"


def show(title, rows, ours, goals=None):
    """One table: median, spread, and how `ours` stands to each."""
    print(f"\n{title}")
    print(f"  {'':28} {'per second':>11} {'min':>9} {'max':>9} {'p50 us':>8} {'p99 us':>8}"
          f" {'cpu us':>7} {'ours : it':>10}  goal")
    mine = statistics.median(row["rate"] for row in rows[ours])
    for name, samples in rows.items():
        rates = [sample["rate"] for sample in samples]
        errors = sum(sample.get("errors", 0) for sample in samples)
        ratio = mine / statistics.median(rates)
        print(f"  {name:28} {statistics.median(rates):11,.0f} {min(rates):9,.0f} {max(rates):9,.0f}"
              f" {median(samples, 'p50', 8)} {median(samples, 'p99', 8)}"
              f" {median(samples, 'cpu', 7, 1)} {ratio:10.2f}"
              f"  {(goals or {}).get(name, '')}{'  ERRORS: ' + str(errors) if errors else ''}")
    sys.stdout.flush()
