"""What is measured on: a server with fresh databases, our run and psql's."""

import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.benchmarks.report import Times, medians
from tests.benchmarks.samples import Sample
from tests.conftest import short_folder, wait_until_gone

_CLOCK = b"SELECT extract(epoch FROM clock_timestamp());\n"


class Rig:
    """Runs on a database of its own each time. ``folder`` is for files that are in the way."""

    def __init__(self, server: Embedded, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.peak = 0.0
        self._wholes: list[float] = []
        self._numbers = itertools.count(1)

    def version(self) -> str:
        """The server's version, as it says it."""
        with psycopg.connect(self.server.conninfo) as conn:
            return conn.info.parameter_status("server_version") or "?"

    @property
    def host(self) -> str:
        """Where the server's socket is."""
        return self.server.parameters["host"]

    def against_psql(self, sample: Sample, repeat: int, *, at_once: bool = False) -> Times:
        """Measure both in turns; ``at_once`` puts all of psql's into one transaction."""
        self._wholes.clear()
        ours, psql = medians(
            repeat,
            lambda: self.ours(sample.migrations),
            lambda: self.psql(sample.script, at_once=at_once),
        )
        return Times(ours, statistics.median(self._wholes), psql)

    def ours(self, migrations: Path, host: str | None = None) -> float:
        """Milliseconds of one apply on a fresh database."""
        return self.apply(self.database(host), migrations)

    def apply(self, conninfo: str, migrations: Path) -> float:
        """Milliseconds of one apply. ``peak`` keeps the most memory that one has taken, in MB."""
        module = "tests.benchmarks.one_run"
        told = json.loads(_output(sys.executable, "-m", module, conninfo, migrations))
        self.peak = max(self.peak, told["peak"])
        self._wholes.append(told["whole"])
        return float(told["ms"])

    def psql(self, script: Path, host: str | None = None, *, at_once: bool = False) -> float:
        """Milliseconds of one psql session on a fresh database."""
        session = self.folder / "session.sql"
        include = b"\\i '%b'\n" % os.fsencode(script)
        if at_once:
            include = b"BEGIN;\n" + include + b"COMMIT;\n"
        session.write_bytes(_CLOCK + include + _CLOCK)
        flags = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        conninfo = self.database(host)
        psql = tools.client("psql", self.server.bindir)
        told = _output(psql, *flags, "-d", conninfo, "-f", session)
        first, last = map(float, told.split())
        return (last - first) * 1000

    def database(self, host: str | None = None, *, like: str = "template0") -> str:
        """The connection string of a new database, with nothing left to write for the server.

        It is empty, or a copy of the one called ``like``. It stays until the server goes: for
        minutes ext4 passes over the inodes of deleted files one by one, which makes every table of
        the next run cost more.
        """
        name = f"bench_{next(self._numbers)}"
        with psycopg.connect(self.server.conninfo, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {like}".encode())
            admin.execute("CHECKPOINT")
        return make_conninfo(self.server.conninfo, dbname=name, host=host or self.host)


@contextlib.contextmanager
def rig(*, fast: bool = True) -> Iterator[Rig]:
    """A rig whose server and files are gone afterwards."""
    with short_folder(in_memory=False) as folder:
        server = Embedded(folder / "pg", fast=fast)
        try:
            with server:
                yield Rig(server, folder)
        finally:
            wait_until_gone(server.base)


def _output(*command: str | Path) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
