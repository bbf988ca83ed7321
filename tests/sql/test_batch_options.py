"""The options of the directives that have a statement run in batches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemamig_tui.sql.batch_options import (
    BACKFILL,
    MB,
    REPEAT,
    Misuse,
    RangeBatches,
    RepeatedBatches,
    Restraint,
    Word,
    batches,
)
from schemamig_tui.sql.words import Name

NEEDED = "table=docs key=id "


def ranged(*lines: str) -> RangeBatches:
    """What a backfill with these options asks for."""
    asked = batches(BACKFILL, [line.encode() for line in lines])
    assert isinstance(asked, RangeBatches)
    return asked


def misuse(word: Word, *lines: str) -> Misuse:
    """Why a directive is refused; the offset is into the one line there is."""
    with pytest.raises(Misuse) as caught:
        batches(word, [line.encode() for line in lines])
    return caught.value


def test_a_backfill_needs_a_table_and_a_key_and_has_a_default_for_the_rest() -> None:
    asked = ranged("table=kb.documents key=id")
    assert asked == RangeBatches(Name("kb", "documents"), ("id",), 1000, 0.1)
    assert asked.restraint == Restraint(pause=0, max_lag=5, max_slot_wal=1 << 30)


def test_every_option_of_a_backfill_is_read() -> None:
    asked = ranged(
        'table=kb."Old Docs" key=( tenant_id , "Id" ) batch=5000 target=250ms to=open',
        "check=(SELECT 1 FROM kb.d WHERE (x) IS NULL AND y <> ') ')",
        "pause=2s max-lag=1min max-slot-wal=512MB ignore-standby=(delayed, 'the other')",
        "rows-per-second=10000 wal-per-second=16MB vacuum=20%",
        "set=(random_page_cost=1.1, work_mem = '64MB', app.x='a, b', y=-1)",
    )
    assert asked == RangeBatches(
        table=Name("kb", "Old Docs"),
        key=("tenant_id", "Id"),
        batch=5000,
        target=0.25,
        open_end=True,
        check="SELECT 1 FROM kb.d WHERE (x) IS NULL AND y <> ') '",
        restraint=Restraint(
            pause=2.0,
            max_lag=60.0,
            max_slot_wal=512 * MB,
            ignored=frozenset(("delayed", "the other")),
            rows=10000,
            wal=16 * MB,
            vacuum=0.2,
            settings=(
                ("random_page_cost", "1.1"),
                ("work_mem", "64MB"),
                ("app.x", "a, b"),
                ("y", "-1"),
            ),
        ),
    )


def test_every_option_of_a_repeat_is_read() -> None:
    asked = batches(
        REPEAT, [b"table=kb.jobs remaining=(SELECT count(*) FROM kb.jobs) max-batches=9 vacuum=5%"]
    )
    assert asked == RepeatedBatches(
        Name("kb", "jobs"),
        "SELECT count(*) FROM kb.jobs",
        9,
        restraint=Restraint(vacuum=0.05),
    )
    assert batches(REPEAT, [b""]) == RepeatedBatches()


@pytest.mark.parametrize(
    ("options", "offset", "message"),
    [
        ("key=id", 0, "The backfill has no table=."),
        ("table=docs", 0, "The backfill has no key=."),
        (NEEDED + "size=3", 18, "The directive backfill has no option size=."),
        (NEEDED + "max-batches=3", 18, "The directive backfill has no option max-batches=."),
        (NEEDED + "fast", 18, "fast is no option: options are NAME=VALUE."),
        (NEEDED + "batch= 3", 18, "batch= has no value."),
        (NEEDED + "key=id", 18, "key= is given twice."),
        (NEEDED + "batch=0", 18, "batch=0 cannot be understood."),
        (NEEDED + "batch=many", 18, "batch=many cannot be understood."),
        (NEEDED + "target=100", 18, "target=100 cannot be understood."),
        (NEEDED + "target=0ms", 18, "target=0ms cannot be understood."),
        (NEEDED + "pause=2", 18, "pause=2 cannot be understood."),
        (NEEDED + "vacuum=0%", 18, "vacuum=0% cannot be understood."),
        (NEEDED + "wal-per-second=16", 18, "wal-per-second=16 cannot be understood."),
        (NEEDED + "to=5", 18, "to=5 cannot be understood."),
        (NEEDED + "check=SELECT", 18, "check=SELECT cannot be understood."),
        (NEEDED + "check=(DELETE FROM x)", 18, "check=(DELETE FROM x) cannot be understood."),
        (NEEDED + "check=(SELECT 1", 24, "A parenthesis of the directive is never closed."),
        (NEEDED + "set=(role=x)", 18, "set=(role=x) cannot be understood."),
        (NEEDED + "set=work_mem", 18, "set=work_mem cannot be understood."),
        ("table=docs key=(a,)", 11, "key=(a,) cannot be understood."),
        ("table=docs key=(a, a)", 11, "key=(a, a) cannot be understood."),
        ("table=1 key=a", 0, "table=1 cannot be understood."),
        ("table=a.b.c.d key=a", 0, "table=a.b.c.d cannot be understood."),
    ],
)
def test_what_cannot_be_understood_is_refused_where_it_stands(
    options: str, offset: int, message: str
) -> None:
    error = misuse(BACKFILL, options)
    assert (error.offset, error.message) == (offset, message)
    assert error.hint


def test_a_vacuum_of_a_repeat_needs_the_table() -> None:
    assert misuse(REPEAT, "vacuum=20%").message == "vacuum= needs to know the table."


def test_the_hint_names_the_options_there_are() -> None:
    hint = misuse(REPEAT, "key=id").hint
    assert hint.startswith("There are table=, remaining=, max-batches=, check=, pause=")


@given(st.text(alphabet="abk =(),'%.\"-:\n5ms", max_size=40))
def test_any_text_is_read_or_refused(options: str) -> None:
    try:
        ranged(NEEDED + options)
    except Misuse as error:
        offset = error.offset
    else:
        offset = 0
    assert 0 <= offset <= len(NEEDED + options)
