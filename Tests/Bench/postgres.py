"""The cluster that the rows about PostgreSQL use, and the row about durable starts."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

from measure import Peer, cpu, once, progress, show, spread


class Postgres:
    """A cluster of its own for the run; none when PostgreSQL is not installed. What is committed is on
    the disk: `fsync` and `synchronous_commit` are as PostgreSQL has them."""

    def __init__(self, work, **settings):
        self.directory, self.conninfo = pathlib.Path(work) / "postgres", None
        self.settings = {"max_connections": 100, "shared_buffers": "512MB", **settings}

    def __enter__(self):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        if not programs:
            print("PostgreSQL is not installed: its row is left out", file=sys.stderr)
            return self
        self.bin = programs[-1]
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.directory.mkdir()
        if self.as_user:
            for path in (self.directory.parent, self.directory):
                path.chmod(0o755)
            shutil.chown(self.directory, "postgres")
        self.data = self.directory / "data"
        self.run(self.bin / "initdb", "-D", self.data, "-A", "trust", "-U", "postgres")
        settings = " ".join(f"-c {name}={value}" for name, value in self.settings.items())
        self.run(self.bin / "pg_ctl", "-D", self.data, "-w", "-o",
                 f"-p 18432 -c listen_addresses=127.0.0.1"
                 f" -c unix_socket_directories={self.directory} {settings}",
                 "-l", self.directory / "log", "start")
        # As `url` says it.
        self.conninfo = "host=127.0.0.1 port=18432 user=postgres dbname=postgres sslmode=disable"
        return self

    def __exit__(self, *_):
        if self.conninfo:
            self.run(self.bin / "pg_ctl", "-D", self.data, "-m", "immediate", "stop")
            # The next row makes one of its own.
            shutil.rmtree(self.directory)

    def run(self, *command):
        done = subprocess.run([*self.as_user, *map(str, command)], capture_output=True, text=True,
                              cwd="/")
        if done.returncode:
            raise SystemExit(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def url(self, database):
        return f"postgresql://postgres@127.0.0.1:18432/{database}"

    def psql(self, database, *commands):
        """The rows of the answers, as lists of texts."""
        words = [word for command in commands for word in ("-c", command)]
        shown = self.run(self.bin / "psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v",
                         "ON_ERROR_STOP=1", self.url(database), *words)
        return [line.split("\x1f") for line in shown.splitlines()]

    def numbers(self, database, command):
        """The one row of an answer that has numbers."""
        return [float(text) for text in self.psql(database, command)[0]]

    def make(self, database):
        """A new, empty database. What was written before is on the disk."""
        self.psql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)",
                  f"CREATE DATABASE {database}", "CHECKPOINT")

    def cpu(self):
        return cpu(int((self.data / "postmaster.pid").read_text().split()[0]))

    def turns(self, database="beckon"):
        """How many logins there were in Beckon's store, and how many transactions that wrote."""
        return self.numbers(database, "SELECT highest, commits FROM writer")

    def rows(self, group, seconds):
        """How many rows a second it takes in Beckon's own table with all its indexes and checks, as many
        with each statement and commit as `group` says. All are copies of the last login of Beckon's
        store, but for what differs between logins. One client sends them, in pipelines of eight
        transactions, so that it need not wait for the answers."""
        own = {"number": "nextval('raw_number')", "login_id": "md5(random()::text)",
               "state": "md5(random()::text)",
               "user_id": "'customer-' || left(md5(random()::text), 16)"}
        columns = [name for name, in self.psql("beckon", COLUMNS)]
        values = ", ".join(own.get(name, f"sample.{name}") for name in columns)
        self.psql("beckon", "DROP TABLE IF EXISTS raw, sample; DROP SEQUENCE IF EXISTS raw_number",
                  "CREATE TABLE raw (LIKE login INCLUDING ALL)",
                  "CREATE SEQUENCE raw_number CACHE 1000",
                  "CREATE TABLE sample AS SELECT * FROM login ORDER BY number DESC LIMIT 1",
                  "CHECKPOINT")
        insert = (f"BEGIN;\nINSERT INTO raw ({', '.join(columns)}) SELECT {values}"
                  f" FROM sample, generate_series(1, {group});\nCOMMIT;\n")
        script = self.directory / "rows.sql"
        script.write_text("\\startpipeline\n" + insert * 8 + "\\endpipeline\n")
        shown = self.run(self.bin / "pgbench", "-n", "-M", "prepared", "-c", "1", "-T", seconds, "-f",
                         script, self.url("beckon"))
        rate = float(re.search(r"tps = ([0-9.]+)", shown).group(1))
        return rate * 8 * group


# Of Beckon's table of logins.
COLUMNS = """SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'login' ORDER BY ordinal_position"""


class PostgresRows:
    """Of `Bench`."""

    def postgres(self):
        """Durable starts on PostgreSQL: Beckon, a Go program with a transaction for each, and the rows
        that PostgreSQL itself takes. Those have as many rows with each commit as Beckon had in the
        same round on average: its group is whatever has come in while it committed the one before,
        so at most the 64 connections' starts."""
        path, script = "/authentication/start", "start.lua"
        alone, groups = "PostgreSQL alone", []
        with Postgres(self.work) as postgres:
            if not postgres.conninfo:
                return
            ours = self.beckon(
                "Beckon on PostgreSQL", 18105, engine={"concurrency": 0},
                empty=lambda: postgres.make("beckon"),
                store={"postgres": {"url": postgres.url("beckon")}})
            go = Peer("Go on PostgreSQL", 18214,
                      [self.work / "server", "18214", "pg", postgres.conninfo],
                      lambda: postgres.psql("postgres", "DROP TABLE IF EXISTS login", "CHECKPOINT"))
            rows = {ours.name: [], go.name: [], alone: []}
            used = []

            def note(name, row):
                """With what PostgreSQL has used since `used` was noted."""
                row["server"] = (postgres.cpu() - used[-1]) / row["count"] * 1e6
                rows[name].append(row)

            for number in range(self.options.rounds):
                at = f"round {number + 1}/{self.options.rounds}: "
                progress(at + ours.name)
                with ours:
                    begin = []

                    def mark():
                        begin.extend(postgres.turns())
                        used.append(postgres.cpu())

                    note(ours.name, once(ours, path, script, self.options.seconds, begin=mark))
                    logins, commits = (now - then for now, then in zip(postgres.turns(), begin))
                    groups.append(logins / commits)
                progress(at + alone)
                used.append(postgres.cpu())
                rate = postgres.rows(round(groups[-1]), self.options.seconds)
                note(alone, {"rate": rate, "count": rate * self.options.seconds})
                progress(at + go.name)
                with go:
                    note(go.name, once(go, path, script, self.options.seconds,
                                       begin=lambda: used.append(postgres.cpu())))
            progress("")
        show("POST /authentication/start, durable on PostgreSQL, 64 connections", rows, ours.name,
             {go.name: ">= 4", alone: ">= 0.6"})
        print(f"  starts in a commit of Beckon's, and rows in one of PostgreSQL alone:"
              f" {spread(groups)}")
        for name, samples in rows.items():
            print(f"  CPU of PostgreSQL for one, {name}:"
                  f" {spread([sample['server'] for sample in samples])} us")
        sys.stdout.flush()
