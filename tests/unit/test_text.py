"""Outside text is made safe to show, and secrets are taken out of it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemamig_tui.text import cells, one_line, redact, redact_command, redact_query, visible

ANY_TEXT = st.text(st.characters())  # lone surrogates too


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("0002_extraction_jobs.sql", "0002_extraction_jobs.sql"),
        ("[red]bold[/foo] 'é 漢 ✓", "[red]bold[/foo] 'é 漢 ✓"),
        ("\x1b[31mred\x1b[0m", r"\x1B[31mred\x1B[0m"),
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("\x00\x07\x7f", r"\x00\x07\x7F"),
        ("\x9b31m", r"\u009B31m"),
        ("gpj\u202elqs.exe\u2066", r"gpj\u202Elqs.exe\u2066"),
        ("a\u200bb\u200dc\ufeff", r"a\u200Bb\u200Dc\uFEFF"),
        ("no\u00a0break\u2028", r"no\u00A0break\u2028"),
        ("tag\U000e0041", r"tag\U000E0041"),
        ("not\udce9utf8", r"not\xE9utf8"),
        ("\ud800", r"\uD800"),
    ],
)
def test_what_does_not_print_is_written_as_an_escape(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def test_a_body_of_text_keeps_its_lines_and_expands_its_tabs() -> None:
    assert visible("a\tb\r\n漢\tc\x1b\n\n", keep_newlines=True) == "a       b\n漢      c\\x1B\n\n"


def test_a_tab_after_an_escape_still_ends_on_a_multiple_of_eight() -> None:
    assert visible("\x1b\tx", keep_newlines=True) == "\\x1B    x"


@given(ANY_TEXT)
def test_no_control_character_survives(text: str) -> None:
    assert visible(text).isprintable()


@given(ANY_TEXT)
def test_no_control_character_but_newline_survives_in_a_body(text: str) -> None:
    shown = visible(text, keep_newlines=True)
    assert shown.replace("\n", "").isprintable()
    assert shown.count("\n") == text.count("\n")
    shown.encode()  # no lone surrogate is left


@given(ANY_TEXT)
def test_making_visible_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "M"])))
def test_what_prints_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("select", 6), ("漢字", 4), ("é", 1), ("e\u0301", 1), ("\uff37", 2)],
)
def test_cells_are_the_columns_of_a_terminal(text: str, columns: int) -> None:
    assert cells(text) == columns


@given(ANY_TEXT)
def test_no_text_takes_more_than_two_columns_a_character(text: str) -> None:
    shown = visible(text)
    marks = sum(1 for char in shown if unicodedata.combining(char))
    assert len(shown) - marks <= cells(shown) <= 2 * len(shown)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://spec:geheim@localhost:5432/spec",
        "postgres://spec:ge@he/im@localhost/spec?sslmode=require",
        "postgresql://spec@corp:ge@he/im@localhost/spec",
        "postgresql://localhost/spec?user=spec&password=geheim&sslmode=require",
        "postgresql://localhost/spec?p%61ssword=geheim",
        "host=localhost password=geheim dbname=spec",
        "host=localhost password = 'ge heim' dbname=spec",
        r"password='it\'s geheim' dbname=spec",
        "PGPASSWORD=geheim psql",
        "sslpassword=geheim",
    ],
)
def test_a_password_in_a_dsn_is_masked(dsn: str) -> None:
    masked = redact(f'invalid connection string "{dsn}"')
    assert "heim" not in masked
    assert "***" in masked
    assert "spec" in masked or "spec" not in dsn


@pytest.mark.parametrize(
    "command",
    ["curl -H 'Authorization: Bearer geheim' $URL", "curl 'https://h/hook?room=1&token=geheim'"],
)
def test_a_token_in_a_command_is_masked(command: str) -> None:
    assert redact(command) == command.replace("geheim", "***")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("curl -u ada:geheim $URL", "curl -u *** $URL"),
        ("curl -H 'X-Api-Key: geheim' https://h/", "curl -H *** https://h/"),
        ('http --auth-token="ge heim" GET', "http --auth-token=*** GET"),
        ("curl -d @- https://chat.example/T0/geheim", "curl -d @- https://chat.example/***"),
        ("curl 'https://h/hook?key=geheim'", "curl 'https://h/***'"),
        ("API_TOKEN=geheim ./tell", "API_TOKEN=*** ./tell"),
        ('curl -u "$LOGIN" -d @- "$CHAT_WEBHOOK"', 'curl -u "$LOGIN" -d @- "$CHAT_WEBHOOK"'),
        (
            "jq -r .text | ./mail --to team@example.com",
            "jq -r .text | ./mail --to team@example.com",
        ),
    ],
)
def test_a_command_is_shown_without_what_may_be_a_secret(command: str, shown: str) -> None:
    assert redact_command(command) == shown


def test_known_secrets_are_masked_the_longest_first() -> None:
    assert redact("tick, ticktock, and nothing", ["tick", "ticktock", ""]) == (
        "***, ***, and nothing"
    )


@given(st.text(), st.text(min_size=1), st.text())
def test_a_secret_is_gone_wherever_it_stands(before: str, secret: str, after: str) -> None:
    masked = redact(before + secret + after, [secret])
    assert all(secret not in part for part in masked.split("***"))


@pytest.mark.parametrize(
    "query",
    [
        "ALTER ROLE ada PASSWORD 'tick'",
        "create user ada\nwith encrypted\npassword $$tick\ntock$$ login",
        "SELECT dblink('host=db password=tick')",
        "SELECT 'postgresql://ada:tick@db/app'",
    ],
)
def test_a_query_of_somebody_else_is_shown_without_its_password(query: str) -> None:
    shown = redact_query(query)
    assert "tick" not in shown
    assert "tock" not in shown
    assert shown.startswith(query[:6])


def test_a_query_that_only_speaks_of_passwords_is_shown() -> None:
    assert redact_query("SELECT password_hash FROM users") == "SELECT password_hash FROM users"


def test_of_an_error_only_its_first_line_is_shown_and_safely() -> None:
    assert one_line(ValueError("no \x1b[31mroute\nIs the server running?")) == r"no \x1B[31mroute"
    assert one_line(ValueError()) == ""


def test_of_an_error_of_the_system_its_name_and_the_file_are_shown() -> None:
    assert one_line(PermissionError(13, "Permission denied", "/a")) == "Permission denied: /a"
    assert one_line(ConnectionRefusedError(111, "Connection refused")) == "Connection refused"
    assert one_line(TimeoutError("timed out")) == "timed out"
