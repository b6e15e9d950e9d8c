"""What goes wrong, drawn from a seed before the run."""

import collections
import contextlib
import signal
import threading
import time

from world import LEASE

# How often each is drawn.
KINDS = {
    "kill_replica": 14, "kill_postgres": 4, "restart_postgres": 1, "stop_replica": 3, "stop_postgres": 1,
    "store_cut": 2, "store_lost_commit": 2, "store_stalled": 1, "store_refused": 1,
    "server_cut": 1, "server_lost_answer": 2, "server_stalled": 1, "server_refused": 1,
    "front_cut": 1, "front_lost_answer": 2, "front_stalled": 1,
    "phone_cut": 1, "phone_lost_answer": 1, "phone_stalled": 1, "bank_lost_answer": 1, "bank_stalled": 1,
    "full_disk": 1, "step_clock": 6, "step_store_clock": 1,
}
KILLS = {"kill_replica", "kill_postgres"}
# What every replica notices.
OF_ALL = {"kill_postgres", "restart_postgres", "stop_postgres", "full_disk"}
# Beside whatever else happens.
STEPS = {"step_clock", "step_store_clock"}
FARTHEST = 40  # Seconds that a clock is set, at most, and at least one.


def plan(dice, kills):
    """Faults until there are as many kills: kind, replica, how long, pause before the next."""
    count = 0
    while count < kills:
        kind = dice.choices(list(KINDS), KINDS.values())[0]
        count += kind in KILLS
        yield {"kind": kind, "place": dice.randrange(3), "length": dice.uniform(0.2, 1),
               "pause": 0 if kind in STEPS else dice.uniform(0.3, 1.3), "holds": dice.random() < 0.6,
               "ahead": dice.choice([-1, 1]) * FARTHEST ** dice.random()}


def lane(fault):
    """Of faults in the same lane, one begins after the other has ended: what all notice, each replica."""
    kind = fault["kind"]
    if kind in STEPS:
        return kind, fault["place"] if kind == "step_clock" else None
    return "all" if kind in OF_ALL else fault["place"]


class Faults:
    """Does what was planned. `owes` tells which logins a replica has a decided report of to make."""

    def __init__(self, world, owes):
        self.world, self.owes = world, owes
        self.lock, self.counts, self.kills = threading.Lock(), collections.Counter(), 0

    def run(self, fault):
        kind = fault["kind"]
        with self.lock:
            self.counts[kind] += 1
        replica = self.world.replicas[fault["place"]]
        if kind in STEPS:
            # What that excuses, the clocks tell.
            getattr(self, kind)(replica, fault)
            return
        with self.world.windows.open(kind, None if kind in OF_ALL else fault["place"]):
            if hasattr(self, kind):
                getattr(self, kind)(replica, fault)
            else:
                self.disturb(kind, replica, fault)

    def count_kill(self, was_alive):
        with self.lock:
            self.kills += was_alive

    def kill_replica(self, replica, fault):
        self.until(lambda: replica.lives, 10)
        if fault["holds"]:
            # It is to die with reports under way.
            for way in replica.ways_out:
                way.stall()
            self.until(lambda: self.owes(replica.to_acp.held), 2)
        begin = time.monotonic()
        owed = self.owes(replica.to_acp.held)
        # Without its store it may have ended by itself.
        self.until(lambda: replica.lives, 10)
        self.count_kill(replica.murder(fault["length"] * 2 * LEASE))
        for login in owed:
            self.world.acp.owed[login] = (begin, fault["place"])
        for way in replica.ways_out:
            way.heal(drop=True)

    def kill_postgres(self, _, fault):
        self.count_kill(self.world.postgres.kill())
        time.sleep(fault["length"])
        self.world.postgres.start()

    def restart_postgres(self, *_):
        self.world.postgres.stop_at_once()
        self.world.postgres.start()

    def full_disk(self, _, fault):
        self.world.postgres.fill()
        try:
            time.sleep(fault["length"] * 4)
        finally:
            self.world.postgres.empty()

    def stop_postgres(self, _, fault):
        """Longer than a lease, or not."""
        self.world.postgres.pause(fault["length"] * 2 * LEASE)

    def step_clock(self, replica, fault):
        """Its clock is set, and set right a little later."""
        replica.clock.set(fault["ahead"])
        time.sleep(fault["length"] * 5)
        replica.clock.set(0)

    def step_store_clock(self, _, fault):
        """Leases are counted by it. To set it forward ends all of them, which is a disturbance; to set it
        back ends none.
        """
        clock = self.world.store_clock
        for ahead in (fault["ahead"], 0):
            with (self.world.windows.open("step_store_clock", None) if ahead > clock.ahead
                  else contextlib.nullcontext()):
                clock.set(ahead)
            if ahead:
                time.sleep(fault["length"] * 5)

    def stop_replica(self, replica, fault):
        """Longer than its lease."""
        process = replica.process
        if not process or process.poll() is not None:
            return
        process.send_signal(signal.SIGSTOP)
        time.sleep(LEASE * (1.2 + fault["length"]))
        process.send_signal(signal.SIGCONT)

    def disturb(self, kind, replica, fault):
        """The proxies on one way."""
        where, how = kind.split("_", 1)
        proxies = {"store": [replica.store], "server": replica.ways_out, "front": [replica.front],
                   "phone": [replica.to_phone], "bank": [replica.to_bank]}[where]
        for proxy in proxies:
            if how == "cut":
                proxy.cut()
            elif how == "refused":
                proxy.refuse()
            elif how == "stalled":
                proxy.stall()
            else:
                proxy.lose(b"COMMIT\0" if where == "store" else b"HTTP/1.1 ")
        if how != "cut":
            time.sleep(fault["length"] * (LEASE * 2 if how == "stalled" else 1))
        for proxy in proxies:
            proxy.heal(drop=how == "stalled" and fault["holds"])

    @staticmethod
    def until(condition, limit):
        end = time.monotonic() + limit
        while not condition() and time.monotonic() < end:
            time.sleep(0.01)
