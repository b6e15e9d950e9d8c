"""Three replicas, their PostgreSQL, two authorization servers, the bank and the phone, with a proxy on
each way. Each replica and PostgreSQL has a clock of its own.
"""

import contextlib
import http.client
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("BlackBox", "Interop")]

import clock  # noqa: E402
import stubs  # noqa: E402
from acp import ACP  # noqa: E402
from beckon import BINARY, Beckon, Phone, authorization_server  # noqa: E402
from families import DOMESTIC_PAYMENT as PAYMENT  # noqa: E402
from postgres import Postgres  # noqa: E402
from proxy import Proxies  # noqa: E402
from simulated import Between, SimulatedACP, SimulatedBank, ThirdParty  # noqa: E402
from tools import WITHOUT_CERTIFICATE, Tool  # noqa: E402

LEASE = 2  # Seconds.
# Reports need time where they are held up.
MARGINS = {"prompt_margin": "5s", "report_margin": "1s"}
PERSON = "customer-4711"


class Windows:
    """When what was disturbed: a replica by its place, or None for all of them."""

    def __init__(self):
        self.lock, self.all = threading.Lock(), []

    @contextlib.contextmanager
    def open(self, kind, place):
        entry = {"kind": kind, "place": place, "begin": time.monotonic(), "end": float("inf")}
        with self.lock:
            self.all.append(entry)
        try:
            yield entry
        finally:
            entry["end"] = time.monotonic()

    def between(self, begin, end, places=None):
        """Those that overlap, of these replicas or of what all use."""
        with self.lock:
            return [entry for entry in self.all if entry["begin"] <= end and entry["end"] >= begin
                    and (places is None or entry["place"] is None or entry["place"] in places)]


def port_of(url):
    return urllib.parse.urlsplit(url).port


class Replica(Beckon):
    """A `beckon serve` that is started again whenever it has ended."""

    # It waits for its store as it would wait for a machine that others use too.
    patience = 120
    has_served = False
    # Whether requests are sent to it.
    is_in_use = True

    def __init__(self, place, world):
        self.place, self.world = place, world
        proxies, postgres = world.proxies, world.postgres
        self.front = proxies.make("front", lambda: self.port or 1)
        self.store = proxies.make("store", lambda: postgres.socket)
        self.to_acp = proxies.make(f"replica {place}", lambda: world.acp.http.server_address[1])
        self.to_simulated = proxies.make(f"replica {place}", lambda: port_of(world.simulated.url))
        self.to_phone = proxies.make("phone", lambda: port_of(world.phone.url))
        self.to_bank = proxies.make("bank", lambda: port_of(world.bank.url))
        self.restart_after, self.wanted, self.deaths = 0, True, []
        directory = world.folder / f"replica-{place}"
        directory.mkdir()
        own = "http://127.0.0.1:"
        bank = world.bank.url.replace(f":{port_of(world.bank.url)}/", f":{self.to_bank.port}/")
        super().__init__(world.phone, None, {
            "store": {"sqlite": None, "postgres": {
                "url": f"postgresql://beckon@127.0.0.1:{self.store.port}/beckon",
                "lease": f"{LEASE}s"}},
            "engine": {"breaker": {"longest_pause": "2s"}},
            "channels": {"phone": {"url": f"{own}{self.to_phone.port}/prompts"}},
            "accounts": {"url": bank, "token": world.bank.TOKEN},
            **WITHOUT_CERTIFICATE,
            "authorization_servers": [
                authorization_server("acp", own + str(self.to_acp.port), **MARGINS),
                authorization_server(
                    "simulated", own + str(self.to_simulated.port), base_path="/simulated", **MARGINS,
                    scopes=["manage_scope_grants", "manage_openbanking_consents"]),
            ],
        }, directory=directory)
        self.clock = clock.Clock(world.clock_library, directory / "clock")
        self.spawning = {"env": {**os.environ, **self.clock.environment}}

    def run(self, *arguments):
        """A command of its own program, which may be another version than that of the test."""
        command = [self.program, *arguments, f"--config={self.file}"]
        done = subprocess.run(command, text=True, capture_output=True)
        assert done.returncode == 0, f"{command}: {done.returncode} {done.stderr}"
        return done.stdout

    def keep(self):
        """Starts it again and again, until the world ends."""
        while not self.world.over.is_set():
            if self.process is None or self.process.poll() is not None:
                if self.process is not None and self.wanted and self.has_served:
                    self.deaths.append(f"replica {self.place} ended with {self.process.returncode}")
                self.has_served = False
                time.sleep(self.restart_after)
                self.restart_after, self.wanted = 0, True
                if self.world.over.is_set():
                    return
                try:
                    self.start()
                    self.has_served = True
                except (AssertionError, OSError):
                    # Without its store it ends again, as it does under systemd.
                    if self.process.poll() is None:
                        self.kill()
                    self.world.over.wait(0.2)
            self.world.over.wait(0.02)

    @property
    def lives(self):
        process = self.process
        return process is not None and process.poll() is None

    def murder(self, restart_after):
        """Kills it, and has it started again later. False if it was dead already."""
        process = self.process
        if not process or process.poll() is not None:
            return False
        self.restart_after, self.wanted = restart_after, False
        process.kill()
        process.wait(10)
        return True

    def request(self, method, path, body=None, headers=None, port=None, timeout=8):
        return super().request(method, path, body, headers, port or self.front.port, timeout)

    def post_form(self, path, members):
        """Status and decoded body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.front.port, timeout=8)
        try:
            connection.request("POST", path, urllib.parse.urlencode(members),
                               {"Content-Type": "application/x-www-form-urlencoded"})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    @property
    def ways_out(self):
        return [self.to_acp, self.to_simulated]

    @property
    def proxies(self):
        return [self.front, self.store, *self.ways_out, self.to_phone, self.to_bank]


class Server(ACP):
    """The authorization server of the tests' own, which knows which replica called."""

    def __init__(self, world):
        self.world, self.reports, self.owed, self.takeovers = world, {}, {}, []
        super().__init__("http://127.0.0.1:1")

    @property
    def beckon(self):
        return urllib.parse.urlsplit(f"http://127.0.0.1:{self.world.any_replica().front.port}")

    @beckon.setter
    def beckon(self, _):
        pass

    def report(self, http, login, verb, body):
        now = time.monotonic()
        source = self.world.proxies.sources.get(
            (self.http.server_address[1], http.client_address[1]))
        place = int(source.name.split()[1]) if source else None
        # Lost until it was answered: who asked may have died meanwhile.
        entry = {"verb": verb, "at": now, "place": place, "decided": login.decision is not None,
                 "dropped": True}
        self.reports.setdefault(login.id, []).append(entry)
        if owed := self.owed.pop(login.id, None):
            self.takeovers.append((*owed, now, login.id))
        login.dropped = False
        super().report(http, login, verb, body)
        entry["dropped"] = login.dropped
        entry["status"] = login.calls[-1][1]


class WayIn(Between):
    """Hands the simulated server's starts to any replica, and remembers which were acknowledged."""

    def __init__(self, world):
        self.world, self.acknowledged = world, set()
        super().__init__()

    target = property(lambda self: f"http://127.0.0.1:{self.world.any_replica().front.port}",
                      lambda self, _: None)

    def post(self, http, body):
        send = http.send_response

        def noted(status, *rest):
            if status < 300 and http.path.endswith("/start"):
                self.acknowledged.add(json.loads(body)["login_id"])
            send(status, *rest)

        http.send_response = noted
        try:
            super().post(http, body)
        finally:
            del http.send_response


class World:
    """What is disturbed. `dice` is for threads in no particular order.

    If `keeps`, its replicas run `BINARY`, and are started now and whenever they have ended; the servers
    misbehave. Otherwise all of this is left to whoever makes it.
    """

    def __init__(self, seed, replicas=3, keeps=True, program=BINARY):
        self.dice, self.dice_lock = random.Random(f"{seed}-world"), threading.Lock()
        self.misbehaves = keeps
        self.over, self.windows, self.replicas = threading.Event(), Windows(), []
        with contextlib.ExitStack() as parts:
            # It is entered by PostgreSQL's user.
            self.folder = pathlib.Path(parts.enter_context(tempfile.TemporaryDirectory(
                prefix="beckon-chaos-")))
            self.folder.chmod(0o755)
            (self.folder / "postgres").mkdir()
            self.clock_library = clock.build(self.folder)
            self.store_clock = clock.Clock(self.clock_library, self.folder / "postgres" / "clock")
            self.postgres = parts.enter_context(contextlib.closing(
                Postgres(self.folder / "postgres", self.store_clock.environment)))
            self.proxies = parts.enter_context(contextlib.closing(Proxies()))
            self.phone = parts.enter_context(Phone())
            self.acp = parts.enter_context(Server(self))
            self.acp.misbehaviour = self.misbehave
            self.bank = parts.enter_context(SimulatedBank())
            self.way_in = parts.enter_context(WayIn(self))
            self.simulated = parts.enter_context(SimulatedACP(
                self.way_in.url + "/simulated", "--service-user=simulated",
                "--system-client-secret=the-client-secret-of-beckon", f"--seed={seed}"))
            if keeps:
                self.simulated.turn({"call.drop": "after_processing"}, probability=0.05)
                self.simulated.turn({"call.fail": 503}, probability=0.05)
            self.simulated.turn({"start.retry_until": {"backoff_ms": [50] * 2000}})
            self.party = ThirdParty(self.simulated, "retail")
            for place in range(replicas):
                self.replicas.append(Replica(place, self))
                self.replicas[place].program = program
            first = self.replicas[0]
            first.run("migrate")
            for person in (PERSON, PAYMENT.person):
                first.run("users", "add", f"--user={person}")
            stubs.add_operator(first)
            self.tool = Tool(self.folder, first)
            parts.callback(self.end)
            self.keepers = [threading.Thread(target=each.keep) for each in self.replicas if keeps]
            for keeper in self.keepers:
                keeper.start()
            self.parts = parts.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.parts.close()

    def ahead(self, begin, end):
        """The least and the most that the clock of a replica was ahead meanwhile."""
        found = [replica.clock.between(begin, end) for replica in self.replicas]
        return min(low for low, _ in found), max(high for _, high in found)

    def end(self):
        self.over.set()
        for replica in self.replicas:
            for proxy in replica.proxies:
                proxy.heal(drop=True)
        for keeper in self.keepers:
            keeper.join()
        for replica in self.replicas:
            if replica.process and replica.process.poll() is None:
                replica.process.send_signal(signal.SIGCONT)
                replica.kill()

    def roll(self):
        with self.dice_lock:
            return self.dice.random()

    def any_replica(self):
        with self.dice_lock:
            return self.dice.choice([each for each in self.replicas if each.is_in_use])

    def misbehave(self, login, verb):
        """Now and then an answer is lost after the report was processed, or the server fails."""
        if not self.misbehaves:
            return None
        roll = self.roll()
        login.dropped = roll < 0.05
        return "drop" if login.dropped else 503 if roll < 0.1 else None

    def command(self, *arguments, beside=None):
        """A command beside a replica, by default the first: its exit code and what it printed."""
        file = (beside or self.replicas[0]).file
        done = subprocess.run([BINARY, *arguments, f"--config={file}"], text=True,
                              capture_output=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def logged(self, login_id, last=60):
        """The last lines of the logs about a login."""
        for replica in self.replicas:
            for line in [line for line in replica.lines() if line.get("login_id") == login_id][-last:]:
                yield f"replica {replica.place}: {json.dumps(line)}"
