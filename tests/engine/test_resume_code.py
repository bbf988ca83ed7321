"""A file that goes on where it stopped knows what stored code has set in its session."""

import itertools

import pytest

from schemamig_tui.engine.run.stored_code import StoredCode
from tests.engine.conftest import Workshop
from tests.engine.test_resume_session import DIRECTIVE, TABLES, refusal, stop

SETS = "CREATE FUNCTION public.sets() RETURNS {} AS $$BEGIN SET search_path = app; {}; END$$;"


@pytest.mark.parametrize(
    ("code", "call"),
    [
        (
            SETS.format("trigger LANGUAGE plpgsql", "RETURN new")
            + "CREATE TRIGGER t BEFORE INSERT ON public.t FOR EACH ROW"
            " EXECUTE FUNCTION public.sets();",
            "INSERT INTO public.t VALUES (1);",
        ),
        (
            SETS.format("int LANGUAGE plpgsql", "RETURN 1"),
            "CREATE TABLE public.made AS SELECT public.sets();",
        ),
    ],
)
@pytest.mark.parametrize("is_of_the_run", [True, False])
def test_code_sets_something_also_where_an_earlier_file_of_the_run_has_made_it(
    shop: Workshop, is_of_the_run: bool, code: str, call: str
) -> None:
    shop.ask(f"{TABLES}; CREATE TABLE public.t (a int)")
    shop.write("0000_code.sql", code)
    if not is_of_the_run:
        assert shop.apply().failed is None
    stop(shop, f"{DIRECTIVE}{call} SELECT 1/0; INSERT INTO r VALUES (2);")
    assert shop.apply().failed is None
    assert shop.ask("SELECT a FROM app.r") == [2]


@pytest.mark.parametrize(
    ("made", "call"),
    [
        ("CREATE AGGREGATE public.f(int) (sfunc = sets, stype = text)", "SELECT public.f(1)"),
        (
            "CREATE FUNCTION public.f(a text DEFAULT sets('', 1)) RETURNS text LANGUAGE sql"
            " AS 'SELECT a'",
            "SELECT public.f()",
        ),
    ],
)
def test_what_calls_a_function_without_code_of_its_own_that_names_it_is_found(
    shop: Workshop, made: str, call: str
) -> None:
    shop.ask(
        f"{TABLES}; CREATE FUNCTION sets(text, int) RETURNS text LANGUAGE plpgsql AS"
        f" $$BEGIN SET search_path = app; RETURN 'x'; END$$; {made}"
    )
    stop(
        shop,
        f"{DIRECTIVE}CREATE TABLE public.made AS {call}; SELECT 1/0; INSERT INTO r VALUES (2);",
    )
    assert shop.apply().failed is None
    assert shop.ask("SELECT a FROM app.r") == [2]


@pytest.mark.parametrize(
    ("made", "call"),
    [
        (
            "CREATE DOMAIN d AS text DEFAULT set_config('search_path', 'app', false);"
            " CREATE TABLE public.t (a int, b d)",
            "INSERT INTO public.t (a) VALUES (1)",
        ),
        (
            "CREATE FUNCTION f(a text DEFAULT set_config('search_path', 'app', false))"
            " RETURNS text LANGUAGE sql AS 'SELECT a'",
            "CREATE TABLE public.made AS SELECT public.f()",
        ),
    ],
)
def test_a_default_of_a_domain_or_an_argument_that_sets_something_makes_a_resume_refuse(
    shop: Workshop, made: str, call: str
) -> None:
    shop.ask(f"{TABLES}; {made}")
    stop(shop, f"{DIRECTIVE}{call}; SELECT 1/0; INSERT INTO r VALUES (2);")
    assert "set_config, in a default, a view or the like" in refusal(shop).message


FIRED = SETS.format("{} LANGUAGE plpgsql", "RETURN {}")
TRIGGER = "CREATE TRIGGER t BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.sets()"
INSTALLER = (
    "CREATE FUNCTION public.install() RETURNS int LANGUAGE plpgsql AS"
    f" $$BEGIN EXECUTE '{TRIGGER}'; RETURN 1; END$$;"
)
FIRE = "INSERT INTO public.t VALUES (1);"
ENDS_SESSION = "SET app.x = '1'"


@pytest.mark.parametrize(
    ("before", "files", "statements"),
    [
        ("", [], "UPDATE pg_settings SET setting = 'app' WHERE name = 'search_path';"),
        ("", [f"DO $x$BEGIN {FIRED.format('trigger', 'new')} {TRIGGER}; END$x$"], FIRE),
        (FIRED.format("trigger", "new") + INSTALLER, [], f"SELECT public.install(); {FIRE}"),
        (
            "",
            [],
            "ALTER TABLE public.t ADD b text DEFAULT set_config('search_path', 'app', false);"
            f"RESET search_path; {FIRE} ALTER TABLE public.t DROP b;",
        ),
        ("", [f"{FIRED.format('trigger', 'new')} {TRIGGER}", ENDS_SESSION], FIRE),
        (
            FIRED.format("event_trigger", ""),
            [],
            "DO $$BEGIN CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION sets(); END$$;"
            " CREATE TABLE public.made ();",
        ),
        (
            SETS.format("event_trigger LANGUAGE plpgsql", "SET LOCAL search_path = public")
            + "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION sets();",
            [],
            "SET search_path = public; CREATE TABLE public.made ();",
        ),
        (
            "CREATE VIEW of_it AS TABLE pg_settings; CREATE VIEW of_that AS TABLE of_it",
            [],
            "UPDATE of_that SET setting = 'app' WHERE name = 'search_path';",
        ),
        (
            "CREATE RULE r AS ON INSERT TO public.t DO ALSO"
            " UPDATE pg_settings SET setting = 'app' WHERE name = 'search_path'",
            [],
            FIRE,
        ),
        (
            "CREATE FUNCTION public.sets() RETURNS text IMMUTABLE LANGUAGE sql AS"
            " $$SELECT set_config('search_path', 'app', false)$$",
            [],
            "CREATE TABLE public.made (a text GENERATED ALWAYS AS (public.sets()) STORED);",
        ),
        (
            "",
            [],
            f"CREATE TABLE public.made AS SELECT '{70_000 * 'x'}',"
            " set_config('search_path', 'app', false);",
        ),
        *(
            (
                "CREATE FUNCTION public.sets(int) RETURNS int IMMUTABLE LANGUAGE sql AS"
                " $$SELECT $1 * length(set_config('search_path', 'app', false))$$",
                [],
                f"{made}; {FIRE}",
            )
            for made in (
                "CREATE INDEX ON public.t (public.sets(a))",
                "CREATE INDEX CONCURRENTLY ON public.t (public.sets(a))",
                "DO $$BEGIN ALTER TABLE public.t ADD CHECK (public.sets(a) > 0); COMMIT; END$$",
                "ALTER TABLE public.t ADD CHECK (public.sets(a) > 0)",
                "CREATE SCHEMA s CREATE TABLE t (a int, b int DEFAULT public.sets(1));"
                " INSERT INTO s.t (a) VALUES (1)",
            )
        ),
    ],
    ids=itertools.count(),
)
def test_whatever_has_made_code_run_or_set_the_path_the_file_goes_on_with_it(
    shop: Workshop, before: str, files: list[str], statements: str
) -> None:
    shop.ask(f"{TABLES}; CREATE TABLE public.t (a int); {before}")
    for number, sql in enumerate(files):
        shop.write(f"0000_{number}.sql", f"{sql};")
    stop(shop, f"{DIRECTIVE}{statements} SELECT 1/0; INSERT INTO r VALUES (2);")
    assert shop.apply().failed is None
    assert shop.ask("SELECT a FROM app.r") == [2]


def test_an_event_trigger_finds_what_it_has_set_also_where_the_file_has_ddl_only(
    shop: Workshop,
) -> None:
    shop.applies("0000_ledger.sql", "CREATE TABLE public.counted (n text);")
    shop.ask(
        "CREATE FUNCTION counts() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN"
        " PERFORM set_config('app.n', current_setting('app.n', true) || 'x', false);"
        " INSERT INTO public.counted VALUES (current_setting('app.n')); END$$;"
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION counts()"
    )
    text = f"{DIRECTIVE}CREATE TABLE a (); CREATE TABLE b (x {{}}); CREATE TABLE c ();"
    shop.fails("0001_a.sql", text.format("imagined"))
    shop.write("0001_a.sql", text.format("int"))
    assert shop.apply().failed is None
    assert shop.ask("SELECT n FROM public.counted") == ["", "x", "xx"]


def test_what_a_function_of_an_earlier_file_sets_is_kept_though_no_text_of_the_file_names_it(
    shop: Workshop,
) -> None:
    shop.ask("CREATE VIEW public.found AS SELECT current_setting('app.x', true) AS x")
    shop.ask("CREATE TABLE public.r (x text)")
    shop.write("0000_code.sql", SETS.format("int LANGUAGE plpgsql", "SET app.x = 'y'; RETURN 1"))
    stop(
        shop,
        f"{DIRECTIVE}SELECT public.sets(); SELECT 1/0; INSERT INTO public.r TABLE public.found;",
    )
    assert shop.apply().failed is None
    assert shop.ask("SELECT x FROM public.r") == ["y"]


def test_what_an_event_trigger_leaves_makes_a_resume_refuse_also_behind_ddl(
    shop: Workshop,
) -> None:
    shop.applies("0000_ledger.sql", "CREATE TABLE a ();")
    shop.ask(
        "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM set_config('app.' || lower(tg_tag), 'x', false); END$$;"
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()"
    )
    stop(shop, f"{DIRECTIVE}SET work_mem = '7MB';\nCOMMENT ON TABLE a IS '';\nSELECT 1/0;")
    assert "what line 3 left in its session: the function f may be called" in refusal(shop).message


FIRES = (
    "CREATE TABLE child (a int, b int); CREATE FUNCTION public.fires() RETURNS trigger LANGUAGE"
    " plpgsql AS $$BEGIN new.b := lastval(); RETURN new; EXCEPTION WHEN OTHERS THEN RETURN new;"
    " END$$; CREATE TRIGGER t BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION public.fires()"
)


@pytest.mark.parametrize(
    ("made", "asks", "by"),
    [
        (FIRES, "INSERT INTO child VALUES (1)", "child"),
        (f"{FIRES}; CREATE VIEW over AS TABLE child", "INSERT INTO over VALUES (1)", "over"),
        (
            FIRES.replace("lastval()", "latest()")
            + "; CREATE FUNCTION latest() RETURNS int LANGUAGE sql AS 'SELECT lastval()::int'",
            "INSERT INTO child VALUES (1)",
            "child",
        ),
        (
            f"{FIRES}; CREATE TABLE every (LIKE child) PARTITION BY LIST (a);"
            " ALTER TABLE every ATTACH PARTITION child FOR VALUES IN (1)",
            "INSERT INTO every VALUES (1)",
            "every",
        ),
        (
            "CREATE TABLE child (a int, b int DEFAULT currval('parent_id_seq'))",
            "INSERT INTO child VALUES (1)",
            "child",
        ),
        ("CREATE VIEW last AS SELECT currval('parent_id_seq')", "TABLE last", "last"),
        (
            "CREATE TABLE child (b int DEFAULT lastval()); CREATE FUNCTION adds() RETURNS void"
            " LANGUAGE sql AS 'INSERT INTO child DEFAULT VALUES'",
            "SELECT adds()",
            "adds",
        ),
    ],
)
def test_code_that_asks_for_the_last_value_of_a_sequence_makes_a_resume_refuse(
    shop: Workshop, made: str, asks: str, by: str
) -> None:
    shop.ask(f"CREATE TABLE parent (id serial); {made}")
    stop(shop, f"{DIRECTIVE}INSERT INTO parent DEFAULT VALUES;\nSELECT 1/0;\n{asks};")
    assert f"line 4 leads by {by} to the last value of a sequence" in refusal(shop).message


def test_an_index_on_a_table_whose_trigger_asks_for_a_last_value_lets_a_file_go_on(
    shop: Workshop,
) -> None:
    shop.ask(FIRES)
    stop(
        shop, f"{DIRECTIVE}CREATE TABLE n ();\nSELECT 1/0;\nCREATE INDEX CONCURRENTLY ON child (a);"
    )
    assert shop.apply().failed is None


@pytest.mark.parametrize(
    "later",
    [
        "DROP FUNCTION f() CASCADE",
        "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    ],
)
def test_a_function_that_left_what_no_server_tells_is_known_when_it_is_gone(
    shop: Workshop, later: str
) -> None:
    shop.ask(
        "CREATE TABLE public.t (a text); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM set_config(new.a, 'x', false); RETURN new; END$$;"
        "CREATE TRIGGER t BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION f()"
    )
    stop(
        shop,
        f"{DIRECTIVE}CREATE TABLE a ();\nINSERT INTO t VALUES ('app.x');\n{later};\nSELECT 1/0;",
    )
    assert "it cannot be known what line 3 left in its session: code" in refusal(shop).message


@pytest.mark.parametrize(
    ("locks", "unlocks"),
    [
        ("SELECT pg_advisory_lock(7); SELECT pg_advisory_lock(7)", "SELECT gives_back()"),
        ("SELECT takes(); SELECT pg_advisory_lock(7)", "SELECT pg_advisory_unlock(7)"),
        ("SELECT takes()", "INSERT INTO public.t VALUES (1)"),
    ],
)
def test_a_lock_that_functions_may_take_twice_and_give_back_once_makes_a_resume_refuse(
    shop: Workshop, locks: str, unlocks: str
) -> None:
    shop.ask(
        "CREATE FUNCTION takes() RETURNS void LANGUAGE sql AS 'SELECT pg_advisory_lock(7)';"
        "CREATE FUNCTION gives_back() RETURNS bool LANGUAGE sql AS 'SELECT pg_advisory_unlock(7)';"
        "CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM gives_back(); RETURN new; END'; CREATE TABLE public.t (a int);"
        "CREATE TRIGGER t BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION fired()"
    )
    stop(shop, f"{DIRECTIVE}{locks};\nSELECT 1/0;\n{unlocks};")
    assert "gives an advisory lock back once" in refusal(shop).message


def test_a_path_that_a_function_leads_to_temporary_tables_makes_a_resume_refuse(
    shop: Workshop,
) -> None:
    shop.ask(
        "CREATE FUNCTION public.leads() RETURNS int LANGUAGE plpgsql AS"
        " $$BEGIN SET search_path = pg_temp, public; RETURN 1; END$$"
    )
    stop(
        shop,
        f"{DIRECTIVE}SELECT public.leads(); CREATE TABLE t (a int); SELECT 1/0;"
        " CREATE TABLE IF NOT EXISTS t (a int);",
    )
    assert "the temporary table t (line 2)" in refusal(shop).message


def test_functions_that_set_something_without_a_word_of_it_in_their_code_are_known(
    shop: Workshop,
) -> None:
    shop.ask(
        "CREATE FUNCTION made_known() RETURNS int LANGUAGE sql SET app.x = '1' AS 'SELECT 1';"
        "CREATE FUNCTION alias(text, text, bool) RETURNS text LANGUAGE internal AS"
        " 'set_config_by_name';"
        "CREATE AGGREGATE over_set_config(text, bool) (sfunc = set_config, stype = text);"
        "CREATE FUNCTION plain() RETURNS int LANGUAGE sql SET search_path = app AS 'SELECT 1'"
    )
    with shop.database.session() as conn:
        known = StoredCode.ask(conn).functions.changing
    assert known == {"made_known", "alias", "over_set_config"}


def test_a_file_behind_one_that_has_gone_on_does_not_find_what_that_got_back(
    shop: Workshop,
) -> None:
    shop.ask(
        "CREATE VIEW found AS SELECT current_setting('app.x', true) IS NULL AS a;"
        "CREATE TABLE r (a bool);"
        "CREATE FUNCTION sets() RETURNS text LANGUAGE sql AS"
        " $$SELECT set_config('app.x', 'y', false)$$"
    )
    stop(shop, f"{DIRECTIVE}SELECT sets(); DROP FUNCTION sets(); SELECT 1/0;")
    shop.applies("0002_b.sql", "INSERT INTO r TABLE found;")
    assert shop.ask("SELECT a FROM r") == [True]
