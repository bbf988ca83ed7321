"""Files without a transaction that leave something in their session, in every way we know of.

Every INSERT writes down what its session is like, so that the rows tell whether a statement ran in
another session than it would have in psql.
"""

import itertools
import random
from collections.abc import Iterator

ROLES = ("resuming_1", "resuming_2")

SETUP = """
CREATE SCHEMA app;
CREATE TABLE public.r (n int, who text, login text, path text, misc text);
CREATE TABLE app.r (LIKE public.r);
CREATE TABLE public.fired (n int);
CREATE SEQUENCE sq;
GRANT ALL ON SCHEMA app, public TO PUBLIC;
GRANT ALL ON public.r, app.r, sq, fired TO PUBLIC;
CREATE FUNCTION public.fset() RETURNS int LANGUAGE plpgsql AS
    $$BEGIN SET search_path = app; SET work_mem = '6MB'; RETURN 1; END$$;
CREATE FUNCTION public.fclause() RETURNS int LANGUAGE plpgsql SET search_path = app AS
    $$BEGIN SET work_mem = '6MB'; RETURN 1; END$$;
CREATE FUNCTION public.flocal() RETURNS int LANGUAGE plpgsql AS
    $$BEGIN SET LOCAL search_path = app; RETURN 1; END$$;
CREATE FUNCTION public.fhide() RETURNS int LANGUAGE plpgsql AS
    $$BEGIN SET work_mem = '6MB'; SET LOCAL work_mem = '4MB'; RETURN 1; END$$;
CREATE FUNCTION public.fcalls() RETURNS int LANGUAGE sql AS 'SELECT public.fhide()';
CREATE FUNCTION public.fplace() RETURNS int LANGUAGE sql SET app.y = '5' AS 'SELECT 1';
CREATE FUNCTION public.flisten() RETURNS int LANGUAGE plpgsql AS
    $$BEGIN LISTEN from_code; RETURN 1; END$$;
CREATE FUNCTION public.flast() RETURNS bigint LANGUAGE sql AS $$SELECT lastval()$$;
CREATE FUNCTION public.sdef() RETURNS text LANGUAGE sql SECURITY DEFINER AS
    $$SELECT set_config('session_replication_role', 'replica', false)$$;
CREATE PROCEDURE public.pset() LANGUAGE plpgsql AS
    $$BEGIN SET search_path = app; COMMIT; SET LOCAL work_mem = '6MB'; END$$;
CREATE PROCEDURE public.pplain() LANGUAGE plpgsql AS
    $$BEGIN INSERT INTO public.r (n) VALUES (70); COMMIT; END$$;
CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN PERFORM set_config('app.fired', NEW.n::text, NEW.n > 5); RETURN NEW; END$$;
CREATE TRIGGER fire BEFORE INSERT ON public.fired FOR EACH ROW EXECUTE FUNCTION public.fire();
CREATE FUNCTION public.end_session() RETURNS bool LANGUAGE sql SECURITY DEFINER AS
    'SELECT pg_terminate_backend(pg_backend_pid())';
"""
_SETTINGS = (
    "work_mem",
    "app.x",
    "app.y",
    "app.fired",
    "session_replication_role",
    "row_security",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "transaction_isolation",
    "transaction_deferrable",
    "TimeZone",
    "client_encoding",
    "DateStyle",
    "application_name",
    "role",
    "statement_timeout",
    "lock_timeout",
)
_MISC = ", ".join(f"coalesce(current_setting('{name}', true), '-')" for name in _SETTINGS)


def insert(number: int) -> str:
    """A statement that writes down what its session is like."""
    return (
        f"INSERT INTO r SELECT {number}, current_user, session_user,"
        f" current_setting('search_path'), concat_ws('|', {_MISC})"
    )


# '@' stands for the name of the database.
EFFECTS: tuple[tuple[str, ...], ...] = (
    ("SET search_path = app, public",),
    ("SET work_mem = '7MB'",),
    ("SET work_mem = '7MB'", "RESET work_mem"),
    ("SET app.x = 'a''b\"c'",),
    ("SET app.x = '1'", "RESET app.x"),
    ("SET app.x = 'ä € \\'",),
    ("SELECT set_config('search_path', 'app', false)",),
    ("SELECT set_config('work_mem', '7MB', true)",),
    ("SELECT 0, set_config('app.x', '7', false)",),
    ("SELECT set_config('app.x', '7', true)",),
    ("WITH t AS (SELECT set_config('search_path', 'app', false)) SELECT * FROM t",),
    ("CREATE TABLE public.set_by AS SELECT set_config('search_path', 'app', false)",),
    ("DO $$BEGIN SET search_path = app; END$$",),
    ("DO $$BEGIN SET LOCAL search_path = app; END$$",),
    (
        "DO $$BEGIN PERFORM set_config('app.x', 'do', false);"
        " BEGIN SET work_mem = '9MB'; RAISE 'x'; EXCEPTION WHEN OTHERS THEN NULL; END; END$$",
    ),
    ("SELECT public.fset()",),
    ("SELECT public.fclause()",),
    ("SELECT public.flocal()",),
    ("SELECT public.fhide()",),
    ("SELECT public.fcalls()",),
    ("SELECT public.fplace()",),
    ("SELECT public.flisten()",),
    ("CALL public.pset()",),
    ("CALL public.pplain()",),
    ("INSERT INTO public.fired VALUES (1)",),
    ("INSERT INTO public.fired VALUES (9)",),
    ("INSERT INTO public.r (n, misc) VALUES (80, 'SET ROLE; read only; session authorization')",),
    (
        "CREATE FUNCTION public.f2() RETURNS int LANGUAGE sql SET app.y = '1' AS 'SELECT 1'",
        "SELECT public.f2()",
    ),
    (
        "CREATE TABLE public.made (a int)",
        "ALTER TABLE public.made ADD COLUMN b text",
        "COMMENT ON TABLE public.made IS ''",
    ),
    ("BEGIN", "SET search_path = app", "ROLLBACK"),
    ("BEGIN", "SET search_path = app", "COMMIT"),
    ("BEGIN", "SET app.x = '1'", "ROLLBACK"),
    ("BEGIN", "SET LOCAL search_path = app", "INSERT INTO r (n) VALUES (50)", "COMMIT"),
    ("BEGIN", "SET search_path = app", "INSERT INTO r (n) VALUES (50)", "COMMIT"),
    ("BEGIN", "SAVEPOINT s", "SET ROLE resuming_1", "ROLLBACK TO s", "COMMIT"),
    (
        "BEGIN",
        "SET work_mem = '5MB'",
        "SAVEPOINT s",
        "SET work_mem = '6MB'",
        "ROLLBACK TO s",
        "SET LOCAL work_mem = '8MB'",
        "COMMIT",
    ),
    ("BEGIN", "SET work_mem = '5MB'", "SET LOCAL work_mem = '4MB'", "COMMIT"),
    ("BEGIN ISOLATION LEVEL SERIALIZABLE", "SET LOCAL app.x = '1'", "COMMIT"),
    ("BEGIN READ ONLY", "SELECT 1", "COMMIT"),
    ("BEGIN READ ONLY", "SELECT public.fset()", "COMMIT AND CHAIN", "SELECT 1", "COMMIT"),
    (
        "BEGIN ISOLATION LEVEL SERIALIZABLE, READ WRITE, DEFERRABLE",
        insert(51),
        "COMMIT AND CHAIN",
        insert(52),
        "SET app.x = '3'",
        "COMMIT AND CHAIN",
        insert(53),
        "COMMIT",
    ),
    ("BEGIN", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1", "ROLLBACK"),
    ("BEGIN", insert(54), "ROLLBACK AND CHAIN", insert(55), "COMMIT"),
    ("SET ROLE resuming_1",),
    ("SET ROLE resuming_1", "RESET ROLE"),
    ("SET SESSION AUTHORIZATION resuming_1",),
    ("SET SESSION AUTHORIZATION resuming_1", "SET ROLE resuming_2", "SET search_path = app"),
    ("SET SESSION AUTHORIZATION resuming_1", "RESET SESSION AUTHORIZATION"),
    ("SET session_replication_role = replica", "SET ROLE resuming_1"),
    ("SET ROLE resuming_1", "SELECT public.sdef()"),
    ("SELECT set_config('role', 'resuming_1', false)",),
    ("DO $$BEGIN EXECUTE 'SET ROLE resuming_1'; END$$",),
    ("SET session_replication_role = replica", "RESET session_replication_role"),
    ("SET SESSION AUTHORIZATION resuming_1", "SET row_security = on", "RESET ROLE"),
    ("SET row_security = off",),
    ("SET client_encoding = 'LATIN1'",),
    ("SET NAMES 'LATIN1'", "RESET ALL"),
    ("SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE",),
    ("SET TIME ZONE 'Asia/Tokyo'", "SET DateStyle = 'German, DMY'"),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",),
    (
        "SET default_transaction_isolation = 'serializable'",
        "SET default_transaction_deferrable = on",
    ),
    (
        "SET default_transaction_read_only = on",
        "SELECT 1",
        "SET default_transaction_read_only = off",
    ),
    ("SELECT set_config('default_transaction_read_only', 'on', false), 1", "RESET ALL"),
    ("SET statement_timeout = '1h'", "SET lock_timeout = '50min'"),
    ("SET standard_conforming_strings = off", "SET app.x = 'a\\\\b'"),
    ("SET application_name = 'e \"x\", y'",),
    ("SET default_tablespace = ''", "SET temp_tablespaces = 'pg_default'"),
    ("CREATE TEMP TABLE tt AS SELECT 1 AS a", "INSERT INTO r (n) SELECT a FROM tt"),
    ("CREATE TEMP TABLE tt AS SELECT 1 AS a", "DROP TABLE tt"),
    ("CREATE TEMP TABLE tt AS SELECT 1 AS a", "DISCARD TEMP"),
    ("CREATE TABLE pg_temp.tq AS SELECT 1 AS a", "INSERT INTO r (n) SELECT a FROM tq"),
    ("SELECT 1 AS a INTO pg_temp.ti", "INSERT INTO r (n) SELECT a FROM ti"),
    ("CREATE TYPE pg_temp.en AS ENUM ('a')",),
    ("SET search_path = pg_temp, public", "CREATE TABLE tp (a int)", "INSERT INTO tp VALUES (1)"),
    ("DO $$BEGIN CREATE TEMP TABLE td (a int); END$$",),
    ("PREPARE p AS INSERT INTO r (n) VALUES (60)", "EXECUTE p"),
    ("PREPARE p AS SELECT 1", "DEALLOCATE p"),
    ("BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "COMMIT", "FETCH c", "CLOSE c"),
    ('LISTEN "Ch an"',),
    ("LISTEN a", "UNLISTEN *"),
    ("SELECT pg_advisory_lock(7)",),
    ("SELECT pg_advisory_lock(-1)", "SELECT pg_advisory_lock_shared(1, -2)"),
    ("SELECT pg_advisory_lock(7)", "SELECT pg_advisory_unlock(7)"),
    ("SELECT pg_advisory_xact_lock(7)",),
    ("ALTER DATABASE @ SET work_mem = '3MB'",),
    ("ALTER ROLE postgres IN DATABASE @ SET search_path = app",),
    ("ALTER ROLE resuming_1 SET app.x = '1'",),
    ("ALTER DATABASE @ SET app.x = '1'",),
    ("SET work_mem = '7MB'", "SET app.x = '1'", "DISCARD ALL"),
    ("PREPARE p AS SELECT 1", "LISTEN a", "SET ROLE resuming_1", "DISCARD ALL"),
    ("SELECT nextval('public.sq')", "DISCARD SEQUENCES"),
    ("DISCARD PLANS", "INSERT INTO r (n) VALUES (61)"),
    ("RESET ALL",),
    ("SELECT nextval('public.sq')", "INSERT INTO r (n) SELECT currval('public.sq')"),
    ("SELECT nextval('public.sq')", "INSERT INTO r (n) SELECT public.flast()"),
    ("SELECT setseed(0.5)", "INSERT INTO r (n) SELECT (random() * 1e6)::int"),
    ("VACUUM public.r",),
)


def scripts() -> Iterator[tuple[str, ...]]:
    """Every effect alone, and mixtures of three, with INSERTs around each."""
    for effect in EFFECTS:
        yield (insert(1), *effect, insert(2), insert(3))
    dice = random.Random(7)
    for _ in range(30):
        first, second, third = dice.sample(EFFECTS, 3)
        yield (*first, insert(1), *second, insert(2), *third, insert(3))


SCRIPTS = tuple(scripts())


def positions(script: tuple[str, ...]) -> range:
    """Where a statement that fails can be put into a script: in front of each of it."""
    return range(len(script))


def cases() -> list[tuple[int, int]]:
    """Each script, by its number, with each of its positions."""
    return list(
        itertools.chain.from_iterable(
            ((number, at) for at in positions(script)) for number, script in enumerate(SCRIPTS)
        )
    )
