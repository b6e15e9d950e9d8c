"""Rows about the store in PostgreSQL, and the cluster that they use."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

from measure import Peer, load, progress, show


class PostgresRows:
    """What `bench.py` has of them."""

    def postgres(self):
        """Durable starts on PostgreSQL: Beckon, a Go program, and the rows that PostgreSQL itself takes."""
        with Postgres(self.work) as postgres:
            if not postgres.conninfo:
                return
            ours = self.beckon(
                "Beckon on PostgreSQL", 18105, engine={"concurrency": 0},
                empty=lambda: postgres.make("beckon"),
                store={"postgres": {"url": postgres.url("beckon")}})
            go = Peer("Go on PostgreSQL", 18214,
                      [self.work / "server", "18214", "pg", postgres.conninfo])
            rows = {peer.name: [] for peer in (ours, go)}
            raw = rows["PostgreSQL, 64 rows a commit"] = []
            for number in range(self.options.rounds):
                for name, samples in load([ours, go], "/authentication/start", "start.lua",
                                          argparse.Namespace(rounds=1, seconds=self.options.seconds)
                                          ).items():
                    rows[name] += samples
                progress(f"round {number + 1}/{self.options.rounds}: PostgreSQL alone")
                raw.append({"rate": postgres.rows(self.options.seconds)})
            progress("")
        show("POST /authentication/start, durable on PostgreSQL, 64 connections", rows, ours.name,
             {go.name: ">= 4", "PostgreSQL, 64 rows a commit": ">= 0.6"})


class Postgres:
    """A cluster of its own for the run; none when PostgreSQL is not installed."""

    def __init__(self, work):
        self.directory, self.conninfo = pathlib.Path(work) / "postgres", None

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
        data = self.directory / "data"
        run = lambda *command: subprocess.run([*self.as_user, *map(str, command)], check=True,
                                              capture_output=True, cwd="/")
        run(self.bin / "initdb", "-D", data, "-A", "trust", "-U", "postgres")
        run(self.bin / "pg_ctl", "-D", data, "-w", "-o",
            f"-p 18432 -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.directory}"
            " -c max_connections=100 -c shared_buffers=512MB",
            "-l", self.directory / "log", "start")
        self.data, self.run = data, run
        self.conninfo = (f"host={self.directory} port=18432 user=postgres dbname=postgres"
                         " sslmode=disable")
        return self

    def url(self, database):
        return f"postgresql://postgres@127.0.0.1:18432/{database}"

    def psql(self, database, *commands):
        words = [word for command in commands for word in ("-c", command)]
        self.run(self.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.url(database), *words)

    def make(self, database):
        """A new, empty database."""
        self.psql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)",
                  f"CREATE DATABASE {database}")

    def rows(self, seconds):
        """How many rows a second it takes in Beckon's own table with all its indexes and checks, 64 with
        each statement and commit, sent by one client in pipelines of eight."""
        self.psql("beckon", "DROP TABLE IF EXISTS raw; DROP SEQUENCE IF EXISTS raw_number",
                  "CREATE TABLE raw (LIKE login INCLUDING ALL)", "CREATE SEQUENCE raw_number CACHE 1000")
        script = self.directory / "rows.sql"
        script.write_text("\\startpipeline\n" + INSERT_ROWS * 8 + "\\endpipeline\n")
        shown = subprocess.run(
            [*self.as_user, str(self.bin / "pgbench"), "-n", "-M", "prepared", "-c", "1",
             "-T", str(seconds), "-f", str(script), self.url("beckon")],
            check=True, capture_output=True, text=True, cwd="/").stdout
        rate = float(re.search(r"tps = ([0-9.]+)", shown).group(1))
        return rate * 8 * 64

    def __exit__(self, *_):
        if self.conninfo:
            self.run(self.bin / "pg_ctl", "-D", self.data, "-m", "immediate", "stop")


# What Beckon stores of a start of `start.lua`.
INSERT_ROWS = """BEGIN;
INSERT INTO raw (number, server, tenant, login_id, received_at, expires_at, report_ends, reports_expiry,
    user_id, workspace, client, client_name, scopes, acr_values, binding_message, state, redacted,
    prompt_ends, tickets, phase, due_at, attempts, next_at)
SELECT nextval('raw_number'), 'acp', 'bank', md5(random()::text), 1795176000000, 1795176300000,
    1795176310000, 'never', 'customer-' || md5(random()::text), 'retail', 'kiosk', 'Kiosk 12',
    '["openid"]', '[]', 'Pay 12.50 to Bob', md5(random()::text), 0, 1795176300000, '', 'preparing',
    1795176000000, '[]', 1795176000000
FROM generate_series(1, 64);
COMMIT;
"""
