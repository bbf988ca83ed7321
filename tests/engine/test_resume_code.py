"""A file that goes on where it stopped knows what stored code has set in its session."""

import pytest

from tests.engine.conftest import Workshop
from tests.engine.test_resume_session import DIRECTIVE, TABLES, stop

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


def test_what_an_aggregate_calls_is_found(shop: Workshop) -> None:
    shop.ask(
        f"{TABLES}; CREATE FUNCTION sets(text, int) RETURNS text LANGUAGE plpgsql AS"
        " $$BEGIN SET search_path = app; RETURN 'x'; END$$;"
        " CREATE AGGREGATE public.total(int) (sfunc = sets, stype = text)"
    )
    stop(
        shop,
        f"{DIRECTIVE}CREATE TABLE public.made AS SELECT public.total(1);"
        " SELECT 1/0; INSERT INTO r VALUES (2);",
    )
    assert shop.apply().failed is None
    assert shop.ask("SELECT a FROM app.r") == [2]
