"""What a statement takes away that batches may be working on."""

import pytest

from schemamig_tui.sql.removals import removals


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DROP TABLE IF EXISTS a.docs, b CASCADE", ["a.docs", "b"]),
        ("TRUNCATE docs, ONLY b *, c RESTART IDENTITY", ["docs", "b", "c"]),
        ("TRUNCATE TABLE docs", ["docs"]),
        ("DROP INDEX CONCURRENTLY IF EXISTS docs_pkey", ["docs_pkey"]),
        ("DROP SCHEMA kb, x CASCADE", ["kb", "x"]),
        ("ALTER TABLE docs RENAME TO d", ["docs"]),
        ("ALTER TABLE IF EXISTS ONLY kb.docs RENAME COLUMN id TO k", ["kb.docs.id"]),
        ("alter table docs rename id to k", ["docs.id"]),
        ("ALTER TABLE docs RENAME CONSTRAINT a TO b", []),
        ("ALTER TABLE docs SET SCHEMA old", ["docs"]),
        (
            'ALTER TABLE docs ADD b int, DROP COLUMN IF EXISTS "A", DROP c CASCADE',
            ["docs.A", "docs.c"],
        ),
        ("ALTER TABLE docs DROP CONSTRAINT docs_pkey", ["docs_pkey"]),
        ('ALTER TABLE docs DROP CONSTRAINT U&"k", DROP n', ["docs.n"]),
        ("ALTER TABLE docs ALTER COLUMN id SET DATA TYPE bigint USING f(id, 1)", ["docs.id"]),
        ("ALTER TABLE docs ALTER id TYPE bigint, ALTER n SET NOT NULL", ["docs.id"]),
        ("ALTER TABLE docs ALTER n SET DEFAULT 1, VALIDATE CONSTRAINT c", []),
        ("ALTER INDEX docs_pkey RENAME TO p", ["docs_pkey"]),
        ("ALTER INDEX docs_pkey SET (fillfactor = 50)", []),
        ("DROP FUNCTION IF EXISTS kb.f(int, text), g CASCADE", ["kb.f", "g"]),
        ("DROP MATERIALIZED VIEW v", ["v"]),
        ("DROP VIEW v, w", ["v", "w"]),
        ("DROP TYPE mood", ["mood"]),
        ("DROP DOMAIN positive", ["positive"]),
        ("DROP SEQUENCE docs_id_seq", ["docs_id_seq"]),
        ("DROP EXTENSION citext", []),
        ("ALTER VIEW v RENAME COLUMN a TO b", ["v.a"]),
        ("ALTER FUNCTION f(int) RENAME TO g", ["f"]),
        ("ALTER FUNCTION f(int) SET SCHEMA old", ["f"]),
        ("ALTER FUNCTION f(int) STABLE", []),
        ("ALTER TYPE mood RENAME TO feeling", ["mood"]),
        ("ALTER TYPE mood ADD VALUE 'new'", []),
        ("ALTER SCHEMA kb RENAME TO old", ["kb"]),
        ("ALTER SCHEMA kb OWNER TO ada", []),
        ("CREATE TABLE docs ()", []),
        ("UPDATE docs SET n = 1", []),
    ],
)
def test_what_is_taken_away(sql: str, expected: list[str]) -> None:
    found = [
        f"{removal.name}.{removal.column}" if removal.column else str(removal.name)
        for removal in removals(sql.encode())
    ]
    assert found == expected
