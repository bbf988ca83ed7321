"""For each rule with a page an unsafe script and a safer one, of one file or of several.

They find two tables of 1,000 rows each: see ``SETUP``.
"""

from dataclasses import dataclass

SETUP = """\
DROP SCHEMA IF EXISTS public, shop, retired CASCADE;
CREATE SCHEMA public;
CREATE TABLE users (id int PRIMARY KEY, name text, email text);
INSERT INTO users SELECT n, 'user ' || n, n || '@example.com' FROM generate_series(1, 1000) n;
CREATE TABLE orders (id int PRIMARY KEY, user_id int, total numeric);
INSERT INTO orders SELECT n, n, n FROM generate_series(1, 1000) n;
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) FROM orders GROUP BY user_id;
CREATE UNIQUE INDEX ON totals (user_id);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
ANALYZE;
"""
LARGE = "UPDATE pg_class SET reltuples = 2000000 WHERE relname = 'users';"
TABLES = (
    "users (id, name, email) and orders (id, user_id, total), with 1,000 rows each, and the"
    " materialized view totals of orders"
)


@dataclass(frozen=True, slots=True)
class Example:
    """The files of both scripts; ``setup`` runs behind ``SETUP``, ``note`` says what it does."""

    unsafe: tuple[str, ...]
    safer: tuple[str, ...]
    setup: str = ""
    note: str = ""


NO_TRANSACTION = "-- schemamig: no-transaction\n"
NOT_NULL = (
    "ALTER TABLE users ADD CONSTRAINT email_there CHECK (email IS NOT NULL) NOT VALID;",
    "ALTER TABLE users VALIDATE CONSTRAINT email_there;",
    "ALTER TABLE users ALTER email SET NOT NULL;\nALTER TABLE users DROP CONSTRAINT email_there;",
)
BACKFILL = """\
-- schemamig: backfill table=users key=id
UPDATE users SET {} WHERE id > :from AND id <= :to{};"""

OURS: dict[str, Example] = {
    "index-not-concurrently": Example(
        ("CREATE INDEX orders_user ON orders (user_id);",),
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_user ON orders (user_id);",),
    ),
    "lock-table": Example(
        ("LOCK TABLE orders;\nUPDATE orders SET total = 0 WHERE id = 7;",),
        ("SELECT FROM orders WHERE id = 7 FOR UPDATE;\nUPDATE orders SET total = 0 WHERE id = 7;",),
    ),
    "full-rewrite": Example(("CLUSTER orders USING orders_pkey;",), ("VACUUM orders;",)),
    "blocking-refresh": Example(
        ("REFRESH MATERIALIZED VIEW totals;",),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY totals;",),
    ),
    "new-trigger": Example(
        ("CREATE TRIGGER note AFTER UPDATE ON users\n    FOR EACH ROW EXECUTE FUNCTION noted();",),
        (
            "-- schemamig: allow new-trigger: a write takes 2 % longer with it, measured\n"
            "CREATE TRIGGER note AFTER UPDATE OF email ON users\n"
            "    FOR EACH ROW EXECUTE FUNCTION noted();",
        ),
    ),
    "set-not-null": Example(("ALTER TABLE users ALTER email SET NOT NULL;",), NOT_NULL),
    "slow-under-exclusive-lock": Example(
        ("ALTER TABLE users ADD COLUMN seen date;\nUPDATE orders SET total = 0 WHERE total < 1;",),
        (
            "UPDATE orders SET total = 0 WHERE total < 1;",
            "ALTER TABLE users ADD COLUMN seen date;",
        ),
    ),
    "missing-lock-timeout": Example(
        ("ALTER TABLE users ADD COLUMN seen date;",),
        ("SET lock_timeout = '5s';\nALTER TABLE users ADD COLUMN seen date;",),
    ),
    "drop-table": Example(
        ("DROP TABLE orders CASCADE;",),
        ("ALTER TABLE orders SET SCHEMA retired;",),
        "CREATE SCHEMA retired;",
        "the schema retired",
    ),
    "drop-schema": Example(
        ("DROP SCHEMA shop CASCADE;",),
        (
            "DROP TABLE shop.carts, shop.items;\n"
            "-- schemamig: allow drop-schema: without CASCADE nothing else can go with it\n"
            "DROP SCHEMA shop;",
        ),
        "CREATE SCHEMA shop; CREATE TABLE shop.carts (id int); CREATE TABLE shop.items (id int);",
        "the schema shop with the tables carts and items",
    ),
    "drop-column": Example(
        ("ALTER TABLE users DROP COLUMN name;",),
        (
            "-- schemamig: allow drop-column: unused since May, and in the backup of 2025-10-19\n"
            "ALTER TABLE users DROP COLUMN name;",
        ),
    ),
    "truncate": Example(
        ("TRUNCATE orders;",),
        ("-- schemamig: allow truncate: filled anew every night\nTRUNCATE orders;",),
    ),
    "delete": Example(
        ("DELETE FROM orders;",),
        (
            "-- schemamig: backfill table=orders key=id\n"
            "DELETE FROM orders WHERE id > :from AND id <= :to AND total < 10;",
        ),
    ),
    "update-all-rows": Example(
        ("UPDATE users SET name = upper(name);",),
        (BACKFILL.format("name = upper(name)", ""),),
    ),
    "large-data-change": Example(
        ("UPDATE users SET name = upper(name) WHERE name LIKE 'user%';",),
        (BACKFILL.format("name = upper(name)", " AND name LIKE 'user%'"),),
        LARGE,
        "users counts as large here",
    ),
    "foreign-key-before-data": Example(
        (
            "CREATE TABLE notes (user_id int REFERENCES users, note text);\n"
            "INSERT INTO notes SELECT id, 'hello' FROM users;",
        ),
        (
            "CREATE TABLE notes (user_id int, note text);\n"
            "INSERT INTO notes SELECT id, 'hello' FROM users;\n"
            "ALTER TABLE notes ADD FOREIGN KEY (user_id) REFERENCES users;",
        ),
    ),
    "foreign-key-not-indexed": Example(
        ("CREATE TABLE notes (user_id int REFERENCES users, note text);",),
        (
            "CREATE TABLE notes (user_id int REFERENCES users, note text);\n"
            "CREATE INDEX ON notes (user_id);",
        ),
    ),
    "comment-missing": Example(
        ("ALTER TABLE users ADD COLUMN seen date;",),
        (
            "-- Migration: the day of the last visit\n-- Date: 2025-10-19\n"
            "ALTER TABLE users ADD COLUMN seen date;",
        ),
    ),
    "mixed-ddl-dml": Example(
        (
            "ALTER TABLE users ADD COLUMN active bool;\n"
            "UPDATE users SET active = true WHERE id < 100;",
        ),
        (
            "ALTER TABLE users ADD COLUMN active bool;",
            "UPDATE users SET active = true WHERE id < 100;",
        ),
    ),
    "missing-if-exists": Example(
        (NO_TRANSACTION + "CREATE TABLE notes (note text);\nDROP INDEX CONCURRENTLY old;",),
        (
            NO_TRANSACTION + "CREATE TABLE IF NOT EXISTS notes (note text);\n"
            "DROP INDEX CONCURRENTLY IF EXISTS old;",
        ),
    ),
    "secret-literal": Example(
        ("CREATE ROLE shop LOGIN PASSWORD 'hunter2';",),
        ("CREATE ROLE shop LOGIN;",),
    ),
    "ddl-in-code": Example(
        ("DO $$ BEGIN\n    ALTER TABLE users ADD COLUMN seen date;\nEND $$;",),
        ("ALTER TABLE users ADD COLUMN IF NOT EXISTS seen date;",),
    ),
    "bad-allow": Example(
        ("-- schemamig: allow drop-column\nALTER TABLE users DROP COLUMN name;",),
        ("-- schemamig: allow drop-column: unused since May\nALTER TABLE users DROP COLUMN name;",),
    ),
    "unused-allow": Example(
        ("-- schemamig: allow drop-table: unused since May\nALTER TABLE users DROP COLUMN name;",),
        ("-- schemamig: allow drop-column: unused since May\nALTER TABLE users DROP COLUMN name;",),
    ),
}
"""Those of our own rules."""

OF_SQUAWK: dict[str, Example] = {
    "changing-column-type": Example(
        ("ALTER TABLE users ALTER id TYPE bigint;",),
        ("ALTER TABLE users ADD COLUMN big_id bigint;", BACKFILL.format("big_id = id", "")),
    ),
    "adding-field-with-default": Example(
        ("ALTER TABLE users ADD COLUMN seen timestamptz DEFAULT clock_timestamp();",),
        (
            "ALTER TABLE users ADD COLUMN seen timestamptz;\n"
            "ALTER TABLE users ALTER seen SET DEFAULT clock_timestamp();",
            BACKFILL.format("seen = clock_timestamp()", " AND seen IS NULL"),
        ),
    ),
    "adding-foreign-key-constraint": Example(
        (
            "ALTER TABLE orders ADD CONSTRAINT of_user\n"
            "    FOREIGN KEY (user_id) REFERENCES users (id);",
        ),
        (
            "ALTER TABLE orders ADD CONSTRAINT of_user\n"
            "    FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;",
            "ALTER TABLE orders VALIDATE CONSTRAINT of_user;",
        ),
    ),
    "constraint-missing-not-valid": Example(
        ("ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);",),
        (
            "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID;",
            "ALTER TABLE orders VALIDATE CONSTRAINT positive;",
        ),
    ),
    "disallowed-unique-constraint": Example(
        ("ALTER TABLE users ADD CONSTRAINT one_email UNIQUE (email);",),
        (
            "-- Then ALTER TABLE users ADD CONSTRAINT one_email UNIQUE USING INDEX one_email\n"
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one_email ON users (email);",
        ),
    ),
    "renaming-column": Example(
        ("ALTER TABLE users RENAME COLUMN name TO title;",),
        ("ALTER TABLE users ADD COLUMN title text;", BACKFILL.format("title = name", "")),
    ),
    "renaming-table": Example(
        ("ALTER TABLE users RENAME TO people;",),
        ("CREATE VIEW people AS SELECT * FROM users;",),
    ),
    "adding-required-field": Example(
        ("ALTER TABLE users ADD COLUMN country text NOT NULL;",),
        ("ALTER TABLE users ADD COLUMN country text NOT NULL DEFAULT 'de';",),
    ),
}
"""Those of rules of squawk where the locks and the work are worth seeing."""
