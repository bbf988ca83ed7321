"""What the documentation of a large schema takes."""

import gc
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial

import psycopg

from schemamig_tui.docs.compare import differences
from schemamig_tui.docs.document import Document
from schemamig_tui.docs.from_catalog import document, read_schema
from schemamig_tui.docs.parser import parse
from schemamig_tui.docs.writer import write
from tests import tools
from tests.benchmarks.catalog import TABLE
from tests.benchmarks.report import Row, medians, ratio
from tests.benchmarks.rig import rig

_TABLES = 5_000


def documentation(repeat: int) -> Iterator[Row]:
    """The schema as DBML, and compared with its file, against a pg_dump of it."""
    with rig() as bench:
        dsn = bench.database()
        with psycopg.connect(dsn, autocommit=True) as conn:
            for number in range(_TABLES):
                conn.execute(TABLE.format(number).encode())

            def read() -> Document:
                return document(read_schema(conn, connect), "bench")

            def compared() -> object:
                database = read()
                return differences(parse(text, database=database), database)

            connect = partial(psycopg.connect, dsn, autocommit=True)
            text = write(read())
            pg_dump = tools.client("pg_dump", bench.server.bindir)
            command = [pg_dump, "--schema-only", "-d", dsn]
            gc.disable()  # as the commands do
            dumped, generated, validated = medians(
                min(repeat, 3),
                lambda: _ms(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)),
                lambda: _ms(lambda: write(read())),
                lambda: _ms(compared),
            )
            gc.enable()
    yield ratio(f"docs: DBML of {_TABLES:,} tables; pg_dump", generated, dumped, 0.5)
    yield ratio("docs: DBML read and compared; pg_dump", validated, dumped, 1)


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
