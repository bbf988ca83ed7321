"""What real tools have left in folder and database is taken over, and they see no difference."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from schemamig_tui.authoring.adopt.adopt import Adoption, adopt
from schemamig_tui.authoring.adopt.tools import tool_named
from schemamig_tui.authoring.repair import RepairPlace
from tests.conftest import Database
from tests.engine.conftest import LEDGER, Workshop
from tests.npm import npm_folder


def run(database: Database, folder: Path, *command: str | Path) -> str:
    """What a tool prints that finds the database in its environment."""
    parts = conninfo_to_dict(database.conninfo)
    host, port = str(parts["host"]), str(parts.get("port", 5432))
    user, password = str(parts["user"]), str(parts.get("password") or "")
    place = f"/{database.name}" if host[0] == "/" else f"{host}:{port}/{database.name}"
    socket = f"&socket={quote(host)}&port={port}" if host[0] == "/" else ""
    environ = {
        **os.environ,
        "PGHOST": host,
        "PGPORT": port,
        "PGUSER": user,
        "PGPASSWORD": password,
        "PGDATABASE": database.name,
        "DATABASE_URL": f"postgres://{user}:{quote(password)}@{place}?sslmode=disable{socket}",
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def adopted(shop: Workshop, tool: str, folder: Path) -> Adoption:
    """Take over, and compare with what the tool has applied."""
    with shop.connect() as conn:
        place = RepairPlace(conn, shop.folder, LEDGER, lambda awaited: None)
        return adopt(place, tool_named(tool), folder)


def states(adoption: Adoption) -> Sequence[tuple[str, bool]]:
    """Each file, and whether it is applied."""
    return [(file.path.name, file.recorded) for file in adoption.files]


def test_node_pg_migrate_is_taken_over(tmp_path: Path, database: Database) -> None:
    package = npm_folder("node-pg-migrate@9.0.0", "pg@8.16.3")
    program = package / "node_modules/.bin/node-pg-migrate"
    theirs = tmp_path / "migrations"
    theirs.mkdir()
    for name, table in (("20251018193000000_b", "b"), ("1700000000123_a", "a"), ("3_first", "f")):
        (theirs / f"{name}.sql").write_text(
            f"-- Up Migration\nCREATE TABLE {table} (i int);\n"
            f"-- Down Migration\nDROP TABLE {table};\n"
        )
    shop = Workshop(tmp_path / "ours", database)
    run(database, tmp_path, program, "up", "2", "--no-check-order", "--migrations-dir", theirs)
    assert states(adopted(shop, "node-pg-migrate", theirs)) == [
        ("0003_first.sql", True),
        ("20231114_221320123_a.sql", True),
        ("20251018_193000000_b.sql", False),
    ]
    (when,) = shop.ask("SELECT to_char(max(run_on), 'YYYY-MM-DD HH24:MI:SS') FROM pgmigrations")
    assert shop.rows["20231114_221320123_a.sql"].when == when
    assert shop.apply().applied == ("20251018_193000000_b.sql",)
    assert shop.ask("SELECT count(*) FROM pgmigrations") == [2]


def test_dbmate_is_taken_over(tmp_path: Path, database: Database) -> None:
    program = npm_folder("dbmate@2.36.0") / "node_modules/.bin/dbmate"
    theirs = tmp_path / "db/migrations"
    theirs.mkdir(parents=True)
    shop = Workshop(tmp_path / "ours", database)
    (theirs / "20251018193000_a.sql").write_text(
        "-- migrate:up\nCREATE TABLE a (i int);\n\n-- migrate:down\nDROP TABLE a;\n"
    )
    run(database, tmp_path, program, "--no-dump-schema", "migrate")
    (theirs / "20251019193000_b.sql").write_text(
        "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY ON a (i);\n-- migrate:down\n"
    )
    assert states(adopted(shop, "dbmate", theirs)) == [
        ("20251018_193000_a.sql", True),
        ("20251019_193000_b.sql", False),
    ]
    assert "Applied: 1\nPending: 1" in run(database, tmp_path, program, "status")
    assert shop.apply().applied == ("20251019_193000_b.sql",)
