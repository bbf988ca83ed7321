"""What is read from the command line and the environment, and that no password comes out of it."""

import os
import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from schemamig_tui.connect import environment, resolve
from schemamig_tui.connect.target import Attempt
from schemamig_tui.errors import ConnectionFailed, SettingsError
from schemamig_tui.settings import Settings


def test_database_url_comes_before_everything_else() -> None:
    endpoint, tried = environment.find(
        {"DATABASE_URL": "postgresql://u:p@h/d", "POSTGRES_HOST": "other", "PGHOST": "another"}
    )
    assert (endpoint.route, tried) == ("DATABASE_URL", ())
    assert endpoint.parameters == {"user": "u", "password": "p", "host": "h", "dbname": "d"}


def test_postgres_variables_come_next() -> None:
    endpoint, tried = environment.find(
        {
            "POSTGRES_HOST": "localhost",
            "POSTGRES_PORT": "5433",
            "POSTGRES_USER": "spec",
            "POSTGRES_DB": "specs",
            "POSTGRES_PASSWORD": "it's =secret",
            "PGHOST": "another",
        }
    )
    assert endpoint.route == "POSTGRES_HOST localhost:5433"
    assert tried == (Attempt("DATABASE_URL", "not set"),)
    assert endpoint.parameters == {
        "host": "localhost",
        "port": "5433",
        "user": "spec",
        "dbname": "specs",
        "password": "it's =secret",
    }


def test_one_postgres_variable_is_enough_and_libpq_decides_the_rest() -> None:
    endpoint, _ = environment.find({"POSTGRES_USER": "spec", "POSTGRES_HOST": "", "PGHOST": "h"})
    assert endpoint.route == endpoint.location.source == "POSTGRES_USER with PGHOST"
    assert endpoint.parameters == {"user": "spec"}


@pytest.mark.parametrize(
    ("variables", "source"),
    [
        ({"DATABASE_URL": "postgresql:///app", "PGHOST": "h"}, "DATABASE_URL with PGHOST"),
        ({"DATABASE_URL": "host=h user=u dbname=d", "PGPORT": "1"}, "DATABASE_URL with PGPORT"),
        ({"DATABASE_URL": "postgresql://u@h:1/d", "PGPORT": "2", "PGUSER": "x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "service=s", "PGHOST": "h"}, "DATABASE_URL"),
        ({"DATABASE_URL": "dbname=d", "PGSERVICE": "s"}, "DATABASE_URL with PGSERVICE"),
        ({"POSTGRES_PASSWORD": "x", "PGHOST": "h"}, "POSTGRES_PASSWORD with PGHOST"),
        ({"POSTGRES_HOST": "h", "PGDATABASE": "d"}, "POSTGRES_HOST with PGDATABASE"),
        ({"PGSERVICE": "s", "PGHOST": "h"}, "PGSERVICE"),
    ],
)
def test_libpqs_variables_are_named_for_what_nothing_else_says(
    variables: dict[str, str], source: str
) -> None:
    assert environment.find(variables)[0].location.source == source


def test_without_any_libpq_decides_and_its_variables_are_named() -> None:
    endpoint, tried = environment.find({"PGHOST": "h", "PGPASSWORD": "x", "DATABASE_URL": ""})
    assert (endpoint.route, endpoint.parameters) == ("PGHOST", {})
    assert [attempt.route for attempt in tried] == ["DATABASE_URL", "POSTGRES_HOST"]
    assert environment.find({})[0].route == "PostgreSQL's defaults"


def test_variables_that_a_file_has_given_are_named_with_it() -> None:
    variables = {"PGHOST": "h", "PGPORT": "1", "PGUSER": "u"}
    file = dict.fromkeys(["PGPORT", "PGUSER", "DATABASE_URL", "POSTGRES_PORT"], ".env")
    assert environment.find(variables, file)[0].route == "PGHOST, .env: PGPORT, PGUSER"
    url = {"DATABASE_URL": "postgresql://u@h/d", "PGPORT": "1"}
    assert environment.find(url, file)[0].route == ".env: DATABASE_URL with .env: PGPORT"
    with pytest.raises(SettingsError, match=r"\.env: POSTGRES_PORT: the port is not a number"):
        environment.find({"POSTGRES_PORT": "x"}, file)


def test_white_space_around_a_variable_counts_and_is_told() -> None:
    variables = {"POSTGRES_PASSWORD": "secret\n", "POSTGRES_HOST": "h", "PGUSER": " u"}
    variables |= {"PGPASSWORD": "of no use here\n", "PGHOST": "nor this "}
    found, _ = environment.find(variables)
    assert found.parameters["password"] == "secret\n"
    assert found.warnings == (
        "POSTGRES_PASSWORD begins or ends with white space, which counts",
        "PGUSER begins or ends with white space, which counts",
    )


@pytest.mark.parametrize("port", ["x", "0", "65536", "-1", "5432 ", "5,,x"])
def test_a_port_that_is_none_is_an_error_that_names_the_variable(port: str) -> None:
    with pytest.raises(SettingsError, match="POSTGRES_PORT"):
        environment.find({"POSTGRES_PORT": port})


@pytest.mark.parametrize("port", ["x", "0", "65536", "tcp://10.96.0.1:5432"])
def test_a_port_of_libpqs_variable_that_is_none_is_an_error_that_names_it(port: str) -> None:
    for variables in ({"PGHOST": "h"}, {"POSTGRES_HOST": "h"}, {"DATABASE_URL": "host=h"}):
        with pytest.raises(SettingsError, match=r"^PGPORT: the port is not a number"):
            environment.find({**variables, "PGPORT": port})
    environment.find({"DATABASE_URL": "host=h port=1", "PGPORT": port})


def test_a_port_that_kubernetes_has_set_is_not_taken_for_one_and_told() -> None:
    link = {"POSTGRES_PORT": "tcp://10.96.0.1:5432"}
    found, _ = environment.find({**link, "PGHOST": "h"})
    assert (found.route, found.parameters) == ("PGHOST", {})
    assert "POSTGRES_PORT is an address" in found.warnings[0]
    found, _ = environment.find({**link, "POSTGRES_HOST": "localhost"})
    assert (found.route, found.parameters) == ("POSTGRES_HOST localhost", {"host": "localhost"})
    assert found.warnings
    assert not environment.find({"POSTGRES_PORT": "5433"})[0].warnings


@pytest.mark.parametrize(
    ("uri", "parameters"),
    [
        ("postgresql://h/d?application_name=ci@build", {"host": "h", "dbname": "d"}),
        ("postgresql://u:p@h/d?application_name=ci@build", {"user": "u", "password": "p"}),
        ("postgresql://u@h?application_name=ci@build", {"user": "u", "host": "h"}),
        ("postgresql:///d?host=/a@b&application_name=ci@build", {"host": "/a@b", "dbname": "d"}),
    ],
)
def test_an_at_sign_in_the_query_is_one_like_any_other(
    uri: str, parameters: dict[str, str]
) -> None:
    read = environment.parse("--dsn", uri)
    assert read == conninfo_to_dict(uri)
    assert {**read, **parameters, "application_name": "ci@build"} == read


@pytest.mark.parametrize(
    "uri",
    [
        *("postgresql://h/d", "postgres://h/d", "PostgreSQL+psycopg://h/d", " postgres://h/d\n"),
        "jdbc:postgresql://h/d",
    ],
)
def test_uris_of_other_tools_are_read(uri: str) -> None:
    assert environment.parse("--dsn", uri) == {"host": "h", "dbname": "d"}


def test_a_keyword_string_may_hold_what_looks_like_a_uri() -> None:
    assert environment.parse("--dsn", "host=h password=a://b@c/d@e") == {
        "host": "h",
        "password": "a://b@c/d@e",
    }


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        ("", "--dsn is empty"),
        ("mysql://root:secret@h/d", "for mysql, not for PostgreSQL"),
        ("jdbc:mysql://root:secret@h/d", "for mysql, not for PostgreSQL"),
        ('"postgresql://u:secret@h/d"', "--dsn begins with a quotation mark"),
        ("'host=h password=secret'", "--dsn begins with a quotation mark"),
        ("secret", "cannot be read"),
        ("postgres//u:secret@h", "cannot be read"),
        ("host=h password=my secret", "cannot be read"),
        ("host=h password='my secret", "unterminated quoted string"),
        ("postgresql://u:%secret@h", "invalid percent-encoded token"),
        ("postgresql://u:%ff@h", "not UTF-8"),
        ("dbname=\udcff", "not UTF-8"),
        ("postgresql://u:my@secret@h", "an @ or / that is not encoded"),
        ("postgresql://u:1/secret@h", "an @ or / that is not encoded"),
        ("postgresql://u:my@secret@h/d?application_name=ci@build", "an @ or / that is not encoded"),
        ("postgresql://u:1/secret@h?application_name=ci@build", "an @ or / that is not encoded"),
        ("postgresql://u:secret", "the port is not a number"),
        ("postgresql://h/d?secret=1", "invalid URI query parameter"),
        ("postgresql://u:secret@h/d?schema=public", "the parameter schema, which libpq does not"),
        ("postgresql://u:secret@h/d?sslmode=prefer&pgbouncer=true", "the parameter pgbouncer,"),
        ("postgresql://h/d?schema=public&secret=1", "the parameter schema, which libpq does not"),
    ],
)
def test_a_dsn_that_cannot_be_read_is_not_quoted(dsn: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        environment.from_dsn(dsn)
    assert message in caught.value.message
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"


_SHAPES = (
    "postgresql://user:{raw}@/db?host=/nonexistent",
    "postgres://user:{raw}@127.0.0.1:1/db",
    "postgresql+psycopg://user:{encoded}@127.0.0.1:1/db",
    "postgresql:///db?host=/nonexistent&password={raw}",
    "postgresql:///db?host=/nonexistent&password={encoded}",
    "postgresql//user:{raw}@127.0.0.1/db",
    "host=/nonexistent password={raw}",
    "host=/nonexistent password='{raw}'",
    "{raw}",
)


# The letters of these passwords stand in no message of libpq's or ours.
@given(st.sampled_from(_SHAPES), st.text("JXZ@:/?#[]%&='\"\\ ,+", min_size=1))
def test_no_piece_of_a_password_is_ever_shown(shape: str, password: str) -> None:
    dsn = shape.format(raw=password, encoded=quote(password, safe=""))
    shown = ""
    try:
        target = resolve(Settings(dsn=dsn))
        shown += repr(target)
        target.connect()
    except (SettingsError, ConnectionFailed) as error:
        shown += f"{error} {error.message} {error.hint}"
    assert shown
    assert not set("JXZ") & set(shown)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_an_encoded_password_arrives_as_it_is(password: str) -> None:
    uri = f"postgresql+psycopg://user:{quote(password, safe='')}@h/d"
    assert environment.parse("--dsn", uri).get("password", "") == password
    target = resolve(Settings(dsn=uri))
    assert conninfo_to_dict(target.conninfo).get("password", "") == password


def test_deciding_imports_neither_docker_nor_textual() -> None:
    program = (
        "import sys; from schemamig_tui.connect import resolve;"
        "from schemamig_tui.settings import Settings; resolve(Settings());"
        "sys.exit(str({'docker', 'textual'} & {*sys.modules}))"
    )
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.stderr.strip() == "set()"
