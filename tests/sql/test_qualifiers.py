"""What stands before the names in a definition, taken away."""

import pytest

from schemamig_tui.sql.qualifiers import unqualified


@pytest.mark.parametrize(
    ("definition", "plain"),
    [
        (" SELECT p.id,\n    p.b\n   FROM public.p;", " SELECT id,\n    b\n   FROM p;"),
        ('SELECT "a.b"."c.d" FROM "a.b"', 'SELECT "c.d" FROM "a.b"'),
        ("SELECT 'a.b'::text, 1.5, x.y[1.0]", "SELECT 'a.b'::text, 1.5, y[1.0]"),
        ("SELECT a.b.c, 'it''s a.b' || d.e", "SELECT c, 'it''s a.b' || e"),
    ],
)
def test_names_lose_what_qualifies_them_and_strings_do_not(definition: str, plain: str) -> None:
    assert unqualified(definition) == plain
