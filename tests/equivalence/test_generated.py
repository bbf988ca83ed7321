"""Files put together at random, of statements that leave something behind and of blocks of them.

Whatever the mode of a file turns out to be, it has to leave what psql leaves.
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from schemamig_tui.connect.embedded import Embedded
from tests.equivalence.comparison import assert_same_as_psql

PROBE = Path(__file__).with_name("probe.sql")
FIRST = """
CREATE ROLE writer SUPERUSER;
CREATE SCHEMA app;
CREATE TABLE log (
    id serial,
    what text,
    role text DEFAULT current_user,
    path text DEFAULT current_setting('search_path'),
    day text DEFAULT date '2025-02-01'
);
"""
# '#' stands for a number that no other statement of the folder has.
STATEMENTS = (
    "INSERT INTO public.log (what) VALUES ('plain #; it''s')",
    "INSERT INTO public.log (what) VALUES ($$dollar #; ' $$)",
    r"INSERT INTO public.log (what) VALUES (E'it\'s #;'), ('back\\slash')",
    "UPDATE public.log SET what = what || '; #' WHERE id % 2 = 0",
    "DELETE FROM public.log WHERE what LIKE '%;'",
    "CREATE TABLE app.made_# (x int)",
    "CREATE TABLE IF NOT EXISTS app.made (x int)",
    "SELECT nextval('public.log_id_seq')",
    "DO $$ BEGIN RAISE NOTICE 'speaking: #; COMMIT'; END $$",
    "/* ; */ COPY public.log (what) FROM stdin;\ncopied # ;\n\\.\n",
    "COPY public.log TO stdout",
    "SET search_path = app, public",
    "SET search_path = ''",
    "RESET search_path",
    "SELECT pg_catalog.set_config('search_path', 'app', false)",
    "SET ROLE writer",
    "SET SESSION AUTHORIZATION writer",
    "RESET ROLE",
    "SET DateStyle = German",
    "SET standard_conforming_strings = on",
    "SET client_encoding = 'LATIN1'",
    "SET client_min_messages = error",
    "RESET ALL",
    "CREATE TEMP TABLE hidden_# AS SELECT # AS x",
    "CREATE TEMP TABLE IF NOT EXISTS made (y int)",
    "PREPARE prepared_# AS SELECT 1",
    "DECLARE cursor_# CURSOR WITH HOLD FOR SELECT 1",
    "LISTEN channel_#",
    "SELECT pg_advisory_lock(#)",
)
ALONE = (
    "VACUUM public.log",
    "CREATE INDEX CONCURRENTLY log_# ON public.log (what)",
    "REINDEX TABLE CONCURRENTLY public.log",
    "DISCARD ALL",
    "DO $$ BEGIN INSERT INTO public.log (what) VALUES ('kept #'); COMMIT; END $$",
    "COMMIT",
)
BEGINS = (
    "BEGIN",
    "START TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "BEGIN; BEGIN",
    "BEGIN; SAVEPOINT s",
)
ENDS = ("COMMIT", "END", "ROLLBACK", "ROLLBACK TO s; COMMIT", "COMMIT AND CHAIN; ROLLBACK")

statements = st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5)


@st.composite
def blocks(draw: st.DrawFn) -> list[str]:
    """A transaction of the file's own."""
    begin = draw(st.sampled_from(BEGINS))
    ends = [end for end in ENDS if "SAVEPOINT" in begin or "TO s" not in end]
    return [begin, *draw(statements), draw(st.sampled_from(ends))]


units = st.one_of(statements, blocks(), st.sampled_from(ALONE).map(lambda sql: [sql]))


@st.composite
def files(draw: st.DrawFn) -> str:
    """A migration: most are of one unit, so that every mode is common."""
    parts = [sql for unit in draw(st.lists(units, min_size=1, max_size=3)) for sql in unit]
    directive = draw(st.sampled_from(("", "", "", "-- schemamig: no-transaction\n")))
    text = "".join(sql if sql.endswith("\\.\n") else f"{sql};\n" for sql in parts)
    return directive + text


def number_all(number: int, text: str) -> str:
    """The text of a file, by its number, with another number for each '#'."""
    lines = text.split("#")
    numbered = "".join(f"{part}{number}{i:03}" for i, part in enumerate(lines[:-1]))
    return numbered + lines[-1]


@settings(max_examples=settings().max_examples // 5, derandomize=True)
@given(st.lists(files(), min_size=1, max_size=4))
def test_any_files_leave_what_they_leave_in_psql(server: Embedded, texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        (folder / "0000_first.sql").write_text(FIRST)
        shutil.copy(PROBE, folder / "~probe.sql")
        for number, text in enumerate(texts, 1):
            (folder / f"{number:04}_file.sql").write_text(number_all(number, text))
        assert_same_as_psql(server, folder)
