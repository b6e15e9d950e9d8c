"""A PostgreSQL that can be killed, stopped, restarted, and whose disk can be filled."""

import concurrent.futures
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time


def programs():
    """The folder of the newest version that Beckon works with, or None."""
    versions = [int(path.name) for path in pathlib.Path("/usr/lib/postgresql").glob("*")
                if path.name.isdigit() and int(path.name) >= 15 and (path / "bin/initdb").exists()]
    return f"/usr/lib/postgresql/{max(versions)}/bin" if versions else None


class Postgres:
    """In a folder of its own, which the caller removes after `close`."""

    DISK = 160 << 20

    def __init__(self, folder, environment=None):
        """`environment` is the server's, beside what it inherits."""
        self.folder, self.programs, self.process = pathlib.Path(folder), programs(), None
        self.environment = {**os.environ, **(environment or {})}
        self.disk, self.log = self.folder / "disk", self.folder / "postgres.log"
        self.spawner = concurrent.futures.ThreadPoolExecutor(1)
        self.disk.mkdir()
        self.as_user = []
        # A disk of its own can be full without harm to others.
        self.is_mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.DISK}", "tmpfs", str(self.disk)],
            capture_output=True).returncode == 0
        if os.geteuid() == 0:
            # It refuses to run as root.
            user = pwd.getpwnam("postgres")
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            for place in (self.folder, self.disk):
                os.chown(place, user.pw_uid, user.pw_gid)
        self.data, self.ballast = self.disk / "data", self.disk / "ballast"
        self.run(f"{self.programs}/initdb", f"--pgdata={self.data}", "--username=beckon", "--auth=trust",
                 "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--wal-segsize=1")
        self.start()
        self.sql("CREATE DATABASE beckon", "postgres")

    def run(self, *command):
        done = subprocess.run([*self.as_user, *command], capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    @property
    def socket(self):
        return str(self.folder / ".s.PGSQL.5432")

    def start(self):
        """Starts it, unless it runs, and waits until it takes connections."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                self.process = self.spawner.submit(self.spawn).result()
            try:
                self.sql("SELECT 1", "postgres")
                return
            except AssertionError:
                time.sleep(0.1)
        raise AssertionError("PostgreSQL does not start: " + self.log.read_text()[-2000:])

    def spawn(self):
        # It ends with the thread that started it, which lives as long as this process.
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig=QUIT", *self.as_user[1:],
                 f"{self.programs}/postgres", "-D", str(self.data), "-k", str(self.folder),
                 "-c", "listen_addresses=", "-c", "max_connections=100", "-c", "shared_buffers=32MB",
                 "-c", "min_wal_size=2MB", "-c", "max_wal_size=32MB", "-c", "log_min_messages=log"],
                stdout=log, stderr=log, env=self.environment)

    def sql(self, statement, database="beckon"):
        """The rows of the answer, as lists of texts."""
        done = subprocess.run(
            [f"{self.programs}/psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1",
             "-h", str(self.folder), "-U", "beckon", "-d", database, "-c", statement],
            capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    def children(self):
        found = []
        for place in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                fields = (place / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid:
                found.append(int(place.name))
        return found

    def pause(self, seconds):
        """Stops every process of it (SIGSTOP) for a while."""
        # First the one that would start others.
        self.process.send_signal(signal.SIGSTOP)
        children = self.children()
        self.signal(children, signal.SIGSTOP)
        time.sleep(seconds)
        self.signal(children, signal.SIGCONT)
        self.process.send_signal(signal.SIGCONT)

    @staticmethod
    def signal(processes, number):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def end(self, how):
        """Ends the postmaster by a signal, and waits until none of its processes is left."""
        children = self.children()
        self.process.send_signal(how)
        self.process.wait(60)
        end = time.monotonic() + 60
        while any(pathlib.Path(f"/proc/{child}").exists() for child in children):
            assert time.monotonic() < end, "processes of PostgreSQL outlive it"
            time.sleep(0.02)

    def kill(self):
        """False if it was dead already."""
        lives = self.process.poll() is None
        self.end(signal.SIGKILL)
        return lives

    def stop_at_once(self):
        self.end(signal.SIGQUIT)

    def fill(self):
        """No write that needs space succeeds any more."""
        if not self.is_mounted:
            self.limit(0)
            return
        with open(self.ballast, "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(1 << 16))
            except OSError:
                pass

    def empty(self):
        """The opposite. It may have ended meanwhile."""
        if self.is_mounted:
            self.ballast.unlink(missing_ok=True)
        elif self.process.poll() is None:
            self.limit("unlimited")
        self.start()

    def limit(self, size):
        """Where nothing can be mounted: the greatest size of a file, as its user sets it."""
        for process in [self.process.pid, *self.children()]:
            # It may have ended meanwhile.
            subprocess.run([*self.as_user, "prlimit", f"--pid={process}", f"--fsize={size}:"],
                           capture_output=True)

    def close(self):
        if self.process and self.process.poll() is None:
            self.stop_at_once()
        if self.is_mounted:
            subprocess.run(["umount", "-l", str(self.disk)], check=False)
        shutil.rmtree(self.disk, ignore_errors=True)
