"""What a file does to objects that its earlier statements have made, renamed, moved or dropped."""

import pytest

from schemamig_tui.advice.database import Database as Questions
from schemamig_tui.advice.effects import effects
from schemamig_tui.advice.objects import find_relations, oids_by_name
from schemamig_tui.advice.reading import read_catalog
from schemamig_tui.advice.targets import find
from schemamig_tui.sql.actions import EMPTIES, REWRITES
from tests.advice import statements
from tests.advice.conftest import Desk
from tests.advice.test_locks import Seen, Trial

TABLES = """
CREATE TABLE deep.loose (id int, x int);
INSERT INTO deep.loose VALUES (1, 1);
"""
# Each is a file, which runs in one transaction.
NAMES = [
    "ALTER TABLE loose RENAME TO other; ALTER TABLE other ALTER x TYPE bigint",
    "ALTER TABLE loose RENAME TO q; ALTER TABLE near RENAME TO loose; TRUNCATE loose",
    "ALTER TABLE loose SET SCHEMA deep2; ALTER TABLE deep2.loose ADD CHECK (x > 0)",
    "ALTER SCHEMA deep RENAME TO far; CREATE INDEX ON far.loose (x)",
    "ALTER SCHEMA deep RENAME TO far; CREATE SCHEMA deep; CREATE TABLE deep.loose (id int);"
    " TRUNCATE deep.loose",
    "ALTER VIEW v2 RENAME TO v3; DROP VIEW v3",
    "ALTER INDEX lu RENAME TO lu2; DROP INDEX lu2",
    "ALTER INDEX lu RENAME TO lu2; ALTER INDEX lu2 RENAME TO lu3; REINDEX INDEX lu3",
    "DROP TABLE near; ALTER TABLE loose RENAME TO near; ALTER TABLE near ALTER x TYPE bigint",
    "DROP TABLE near; CREATE TABLE IF NOT EXISTS near (id int); TRUNCATE near",
    "DROP SCHEMA deep CASCADE; CREATE SCHEMA deep; CREATE TABLE deep.loose (id int);"
    " TRUNCATE deep.loose",
    "CREATE TABLE deep.near (id int); ALTER TABLE near ADD y int",
    "CREATE TEMP TABLE loose (id int); DROP TABLE loose; TRUNCATE loose",
    "CREATE TEMP TABLE loose (id int); TRUNCATE loose; TRUNCATE deep.loose",
    "CREATE TABLE pg_temp.loose (id int); TRUNCATE loose",
    "CREATE TEMP TABLE loose (id int); ALTER TABLE loose RENAME TO near; TRUNCATE near, loose",
    "SAVEPOINT a; DROP TABLE loose; CREATE TABLE loose (id int); ROLLBACK TO a; TRUNCATE loose",
    "SAVEPOINT a; ALTER TABLE near RENAME TO q; RELEASE a; TRUNCATE q",
    "SET search_path = deep; TRUNCATE loose",
    "SET search_path TO 'deep'; CREATE TABLE near (id int); TRUNCATE near; TRUNCATE public.near",
    "SET LOCAL search_path TO deep; RESET search_path; TRUNCATE loose",
    "INSERT INTO loose VALUES (1, 9); SET search_path = deep; INSERT INTO loose VALUES (1)",
    "TRUNCATE near; INSERT INTO near VALUES (1); ALTER TABLE near RENAME TO q;"
    " ALTER TABLE loose RENAME TO near; INSERT INTO near VALUES (1)",
]
PARTS = [
    "ALTER TABLE t RENAME n TO m; ALTER TABLE t ALTER m SET NOT NULL",
    "ALTER TABLE t RENAME n TO m; ALTER TABLE t RENAME d TO n; ALTER TABLE t ALTER n SET NOT NULL",
    "ALTER TABLE t RENAME COLUMN a TO q; ALTER TABLE t RENAME q TO r;"
    " ALTER TABLE t ALTER r TYPE int",
    "ALTER TABLE c RENAME CONSTRAINT fk TO q; ALTER TABLE c DROP CONSTRAINT q",
    "ALTER TABLE c RENAME CONSTRAINT late_fk TO q; ALTER TABLE c VALIDATE CONSTRAINT q",
    "ALTER TABLE near ADD CONSTRAINT q FOREIGN KEY (o) REFERENCES o;"
    " ALTER TABLE near DROP CONSTRAINT q",
    "ALTER TABLE near ADD FOREIGN KEY (o) REFERENCES o;"
    " ALTER TABLE near DROP CONSTRAINT near_o_fkey",
    "ALTER TABLE near ADD FOREIGN KEY (o) REFERENCES o; DROP TABLE near",
    "ALTER TABLE near ADD FOREIGN KEY (o) REFERENCES p; ALTER TABLE near DROP o",
    "ALTER TABLE near ADD FOREIGN KEY (o) REFERENCES p; ALTER TABLE near ALTER o TYPE bigint",
    "ALTER TABLE near ADD q int REFERENCES self; TRUNCATE self CASCADE",
    "ALTER TABLE near ADD FOREIGN KEY (o) REFERENCES self; DROP TABLE self CASCADE",
    "ALTER TABLE near ADD FOREIGN KEY (o) REFERENCES pp NOT VALID;"
    " ALTER TABLE near VALIDATE CONSTRAINT near_o_fkey",
    "ALTER TABLE bare ATTACH PARTITION loose FOR VALUES IN (7); ALTER TABLE bare ADD CHECK (x > 0)",
    "ALTER TABLE bare ATTACH PARTITION loose FOR VALUES IN (7); TRUNCATE bare",
    "ALTER TABLE bare ATTACH PARTITION loose FOR VALUES IN (7); DROP TABLE loose",
    "ALTER TABLE bare ATTACH PARTITION loose FOR VALUES IN (7); DROP TABLE bare",
    "ALTER TABLE bare ATTACH PARTITION loose DEFAULT;"
    " CREATE TABLE q PARTITION OF bare FOR VALUES IN (1)",
    "ALTER TABLE outs DETACH PARTITION outs1; ALTER TABLE outs1 DROP CONSTRAINT outs_o_fkey",
    "ALTER TABLE t ALTER a SET DEFAULT 1; ALTER TABLE t ALTER a TYPE bigint",
    "ALTER TABLE parent DETACH PARTITION part1; ALTER TABLE parent ALTER x TYPE bigint",
    "ALTER TABLE deep.loose INHERIT loose; ALTER TABLE loose ADD q int",
    "ALTER TABLE young NO INHERIT old; TRUNCATE old",
    "CREATE TABLE q (id int, x int) PARTITION BY LIST (id);"
    " ALTER TABLE q ATTACH PARTITION parent FOR VALUES IN (1, 2, 3, 4, 5)",
]
PARTITIONED = (
    "CREATE TABLE q (id int, x int) PARTITION BY LIST (id);"
    " ALTER TABLE q ATTACH PARTITION loose FOR VALUES IN (7)"
)
NEW = [
    PARTITIONED,
    "CREATE INDEX q ON loose (id); DROP INDEX q",
    "CREATE INDEX q ON loose (id); ALTER INDEX q RENAME TO r; DROP INDEX r",
    "CREATE INDEX q ON deep.loose (id); DROP INDEX deep.q",
    "CREATE INDEX q ON loose (id); REINDEX INDEX q",
    "CREATE TABLE q (id int REFERENCES o, p int REFERENCES p); DROP TABLE q",
    "CREATE TABLE q (id int); ALTER TABLE q ADD FOREIGN KEY (id) REFERENCES o; DROP TABLE q",
    "CREATE TABLE q (id int REFERENCES o); ALTER TABLE q RENAME TO r; DROP TABLE r",
    "CREATE TABLE q (id int, p int REFERENCES p, o int REFERENCES o); ALTER TABLE q DROP COLUMN p",
    "CREATE TABLE q (id int, p int REFERENCES p, o int REFERENCES o);"
    " ALTER TABLE q ALTER p TYPE bigint",
    "CREATE TABLE q (id int CONSTRAINT k CHECK (id > 0) REFERENCES o, CONSTRAINT l FOREIGN KEY (id)"
    " REFERENCES p); ALTER TABLE q DROP CONSTRAINT k; ALTER TABLE q DROP CONSTRAINT l",
    "CREATE TABLE q (id int, p int REFERENCES p); ALTER TABLE q RENAME p TO r;"
    " ALTER TABLE q RENAME CONSTRAINT q_p_fkey TO k; ALTER TABLE q DROP CONSTRAINT k;"
    " ALTER TABLE q ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES o; ALTER TABLE q DROP r",
    "CREATE TABLE q PARTITION OF parent (CONSTRAINT k FOREIGN KEY (x) REFERENCES p)"
    " FOR VALUES IN (77)",
    f"{PARTITIONED}; ALTER TABLE q ADD y int",
    f"{PARTITIONED}; ALTER TABLE q ALTER x TYPE bigint",
    f"{PARTITIONED}; CREATE INDEX ON q (x)",
    f"{PARTITIONED}; TRUNCATE q",
    f"{PARTITIONED}; DROP TABLE q",
    f"{PARTITIONED}; ALTER TABLE q RENAME TO r; ALTER TABLE r ADD CHECK (x > 0)",
    f"{PARTITIONED}; ALTER TABLE q DETACH PARTITION loose; ALTER TABLE q ALTER x TYPE bigint",
]


@pytest.fixture
def tables(desk: Desk) -> Desk:
    """A database with tables, and a schema that some of them are moved to."""
    desk.prepare(statements.TABLES, TABLES, "CREATE SCHEMA deep2")
    return desk


def expected(desk: Desk, *files: str) -> dict[int, Seen]:
    """What is expected of the last of these files, as a whole."""
    with desk.database.connect() as conn:
        database = Questions(conn)
        targets = find(desk.write(*files), database.search_path())
        with database.asking():
            oids = oids_by_name(find_relations(database, targets.uses))
            catalog = read_catalog(database, targets.uses, oids)
        found: dict[int, Seen] = {}
        for one in effects(enumerate(targets.uses), catalog):
            if one.use.file != f"{len(files):04}.sql":
                continue
            new = one.work in (REWRITES, EMPTIES)
            seen = Seen(one.lock, new, one.work is not None and not new)
            found[one.relation.oid] = seen.with_all_of(found.get(one.relation.oid, seen))
    return found


def test_what_names_stand_for_is_followed(tables: Desk) -> None:
    compare(tables, NAMES)


def test_a_key_is_made_again_with_the_type_of_a_new_column(tables: Desk) -> None:
    file = "ALTER TABLE near ADD q int REFERENCES p; ALTER TABLE near ALTER q TYPE bigint"
    said = expected(tables, f"{file};")
    with tables.database.connect() as conn:
        trial = Trial(conn)
        conn.execute("BEGIN")
        # What is done to the rows of such a column is not known: it may be less than is said.
        is_, shown = trial.run(file), trial.shown(said)
    locks = [{name: seen.lock for name, seen in found.items()} for found in (is_, shown)]
    assert locks[0] == locks[1]


def compare(desk: Desk, files: list[str]) -> None:
    """Compare what is expected of each file with what the server does."""
    said = [expected(desk, f"{file};") for file in files]
    with desk.database.connect() as conn:
        trial = Trial(conn)
        conn.execute("BEGIN")
        different = [
            f"{file}: {is_}, expected {shown}"
            for file, prediction in zip(files, said, strict=True)
            for is_, shown in [(trial.run(file), trial.shown(prediction))]
            if is_ != shown
        ]
    assert different == [], "\n".join(different)


def test_columns_keys_and_partitions_of_earlier_statements_are_known(tables: Desk) -> None:
    compare(tables, PARTS)


def test_what_belongs_to_a_new_object_is_touched_with_it(tables: Desk) -> None:
    compare(tables, NEW)


@pytest.mark.parametrize("table", ["part1", "outs1"])
def test_a_table_that_was_a_partition_is_dropped_alone(tables: Desk, table: str) -> None:
    detach = f"ALTER TABLE {'parent' if table == 'part1' else 'outs'} DETACH PARTITION {table}"
    said = expected(tables, f"{detach};", f"DROP TABLE {table};")
    tables.prepare(detach)
    with tables.database.connect() as conn:
        trial = Trial(conn)
        conn.execute("BEGIN")
        assert trial.run(f"DROP TABLE {table}") == trial.shown(said)
