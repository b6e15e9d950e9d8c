"""What goes wrong, drawn from a seed before the run."""

import signal
import time

from world import LEASE

# How often each is drawn, and whether it kills.
KINDS = {
    "kill_replica": 9, "kill_postgres": 3, "restart_postgres": 1, "stop_replica": 3,
    "store_cut": 2, "store_lost_commit": 2, "store_stalled": 1, "store_refused": 1,
    "server_cut": 1, "server_lost_answer": 2, "server_stalled": 1, "server_refused": 1,
    "front_cut": 1, "front_lost_answer": 2, "full_disk": 1,
}
KILLS = {"kill_replica", "kill_postgres"}
# What every replica notices.
OF_ALL = {"kill_postgres", "restart_postgres", "full_disk"}


def plan(dice, kills):
    """Faults until there are as many kills: kind, replica, how long, pause before the next."""
    count = 0
    while count < kills:
        kind = dice.choices(list(KINDS), KINDS.values())[0]
        count += kind in KILLS
        yield {"kind": kind, "place": dice.randrange(3), "length": dice.uniform(0.2, 1),
               "pause": dice.uniform(0.3, 2), "holds": dice.random() < 0.6}


class Faults:
    """Does what was planned. `owes` tells which logins a replica has a decided report of to make."""

    def __init__(self, world, owes):
        self.world, self.owes, self.counts = world, owes, {}

    def run(self, fault):
        kind = fault["kind"]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        replica = self.world.replicas[fault["place"]]
        with self.world.windows.open(kind, None if kind in OF_ALL else fault["place"]):
            if hasattr(self, kind):
                getattr(self, kind)(replica, fault)
            else:
                self.disturb(kind, replica, fault)

    def kill_replica(self, replica, fault):
        if fault["holds"]:
            # It is to die with reports under way.
            for way in replica.ways_out:
                way.stall()
            self.until(lambda: self.owes(replica.to_acp.held), 2)
        begin = time.monotonic()
        owed = self.owes(replica.to_acp.held)
        replica.murder(fault["length"] * 2 * LEASE)
        for login in owed:
            self.world.acp.owed[login] = (begin, fault["place"])
        for way in replica.ways_out:
            way.heal(drop=True)

    def kill_postgres(self, _, fault):
        self.world.postgres.kill()
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
        proxies = {"store": [replica.store], "server": replica.ways_out, "front": [replica.front]}[where]
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
