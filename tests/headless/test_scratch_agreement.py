"""What a rehearsal on a scratch finds is what one in the database finds, but for what is listed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.advice.statements import MERGE, NEWER, STATEMENTS, TABLES
from tests.conftest import Database
from tests.headless.conftest import Program

Found = dict[tuple[str, str], list[str]]
"""What was found, by the statement and by what it is about."""


class Unlike(NamedTuple):
    """Statements of which a scratch shows less, and why."""

    reason: str
    about: str
    statements: tuple[str, ...]


WANTS_ROWS = "INSERT INTO c VALUES (100, 1, 1)"
UNLIKE = (
    Unlike(
        "the planner decides by the rows that there are whether a query reads all of a table",
        "scanned",
        (
            "COPY loose TO '/dev/null'",
            "DELETE FROM c",
            "DELETE FROM cc",
            "DELETE FROM loose",
            "DELETE FROM self",
            "DELETE FROM v1",
            MERGE,
            "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
            "REFRESH MATERIALIZED VIEW m",
            "UPDATE near SET o = 1",
            "UPDATE old SET x = 1",
            "UPDATE parent SET x = 1",
            "WITH x AS (SELECT 1) DELETE FROM loose",
        ),
    ),
    Unlike(
        "a foreign key reads the table that it refers to where there are rows that do",
        "scanned",
        (
            "ALTER TABLE c ALTER p TYPE bigint",
            "ALTER TABLE c VALIDATE CONSTRAINT late_fk",
            "ALTER TABLE near ADD FOREIGN KEY (o) REFERENCES pp",
            "ALTER TABLE outs ATTACH PARTITION near FOR VALUES FROM (100) TO (300)",
            "ALTER TABLE parent ADD FOREIGN KEY (x) REFERENCES o",
            "ALTER TABLE refs ALTER pp TYPE bigint",
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES o",
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES o, ADD y int",
            "ALTER TABLE t ADD x int DEFAULT 7 REFERENCES o",
        ),
    ),
    Unlike("what cascades does so row by row", "locks", ("DELETE FROM c",)),
    Unlike("the rows that it refers to are not there", "failed", (WANTS_ROWS,)),
    Unlike("so it does not come to its locks", "locks", (WANTS_ROWS,)),
)


def test_a_scratch_shows_what_the_database_shows(
    program: Program, database: Database, scratch: Path
) -> None:
    definitions, rows = [], []
    for line in TABLES.strip().splitlines():
        (rows if line.startswith(("INSERT", "ANALYZE")) else definitions).append(line)
    program.write("0000_tables.sql", "\n".join(definitions))
    assert program("--apply").code == 0
    with database.connect() as conn:
        conn.execute("\n".join(rows).encode())
        major = conn.info.server_version // 10000
    newer = (text.strip().splitlines() for first, text in NEWER.items() if major >= first)
    statements = [*STATEMENTS, *(one for lines in newer for one in lines)]
    # What fails ends a rehearsal.
    statements.sort(key=lambda statement: statement == WANTS_ROWS)
    names = {}
    for number, statement in enumerate(statements, 1):
        text = f"SAVEPOINT before;\n{statement};\nROLLBACK TO before;"
        names[program.write(f"{number:04}.sql", text).name] = statement
    on_scratch = findings(program("--rehearse", "--scratch", "--json").events, names)
    in_place = findings(program("--rehearse", "--json").events, names)
    assert len(in_place) > len(statements)
    different = {
        key: f"{in_place.get(key)}, on the scratch {on_scratch.get(key)}"
        for key in in_place.keys() | on_scratch.keys()
        if in_place.get(key) != on_scratch.get(key)
    }
    allowed = {(it, one.about) for one in UNLIKE for it in one.statements if it in statements}
    assert different.keys() == allowed, "\n".join(
        f"{key}: {text}" for key, text in sorted(different.items()) if key not in allowed
    )
    for key in allowed - {(WANTS_ROWS, "failed")}:
        assert {*on_scratch.get(key, ())} < {*in_place[key]}


def findings(events: Iterable[dict[str, Any]], names: Mapping[str, str]) -> Found:
    """What the events tell of each statement, without times and sizes."""
    found: Found = defaultdict(list)
    for event in events:
        statement = names.get(event.get("name", ""), "")
        match event["event"]:
            case "locks_taken":
                locks = (f"{one['mode']} on {one['relation']}" for one in event["locks"])
                found[statement, "locks"] += locks
            case "relations_rewritten":
                found[statement, "rewritten"] += event["relations"]
            case "work_done":
                found[statement, "scanned"] += [one["relation"] for one in event["scanned"]]
                found[statement, "built"] += event["built"]
                found[statement, "emptied"] += event["emptied"]
            case "file_rehearsed":
                found[statement, "changes"] += map(str, event["changes"])
            case "file_left_out":
                found[statement, "left out"].append(event["reason"])
            case "file_failed":
                found[statement, "failed"].append(event["failure"]["message"])
    return {key: value for key, value in found.items() if value}
