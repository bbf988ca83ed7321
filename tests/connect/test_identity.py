"""Which database it is, over all ways to name one; never a password."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from schemamig_tui.connect import Identity, resolve
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.connect.identity import Location
from schemamig_tui.settings import Settings, load
from tests.conftest import Database, wait_until_gone
from tests.faults.proxy import Proxy

SECRET = "hunter22"


def identity(settings: Settings) -> Identity:
    with resolve(settings) as target, target.connect():
        found = target.identity
        assert found is not None
        assert SECRET not in f"{found} {found!r} {found._asdict()}"
        return found


@pytest.fixture
def port(database: Database) -> Iterator[int]:
    """A port of this machine that leads to the server, which listens on a socket only."""
    with Proxy(database.conninfo) as proxy:
        yield int(str(conninfo_to_dict(proxy.conninfo)["port"]))


def test_the_server_says_what_it_is_and_what_psycopg_knows_agrees(
    database: Database, server: Embedded
) -> None:
    found = identity(Settings(dsn=make_conninfo(database.conninfo, password=SECRET)))
    with database.connect() as conn:
        row = conn.execute(
            "SELECT current_database()::text, current_user::text, session_user::text,"
            " split_part(current_setting('server_version'), ' ', 1)"
        ).fetchone()
    assert (found.database, found.role, found.login, found.version) == row
    assert (found.host, found.port) == (server.parameters["host"], 5432)
    assert found.location == Location("--dsn")


def test_a_uri_and_a_keyword_string_are_told_alike(database: Database, port: int) -> None:
    uri = f"postgresql://postgres:{SECRET}@127.0.0.1:{port}/{database.name}"
    words = f"host=127.0.0.1 port={port} user=postgres password={SECRET} dbname={database.name}"
    for dsn in (uri, words):
        found = identity(Settings(dsn=dsn))
        assert str(found) == (
            f"{database.name} at 127.0.0.1:{port}, role postgres, PostgreSQL {found.version},"
            " from --dsn"
        )


def test_a_dsn_of_a_variable_or_a_file_is_not_called_a_flag(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    dsn = make_conninfo(database.conninfo, password=SECRET)
    assert identity(load({}, {"SCHEMAMIG_DSN": dsn})).location.source == "SCHEMAMIG_DSN"
    text = f'[tool.schemamig-tui]\ndsn = """{database.conninfo} password=${{OURS}}"""\n'
    (tmp_path / "pyproject.toml").write_text(text)
    source = identity(load({}, {"OURS": SECRET})).location.source
    assert source == "pyproject.toml: [tool.schemamig-tui] dsn"
    assert identity(load({"dsn": dsn}, {"OURS": SECRET})).location.source == "--dsn"


def test_variables_are_named_by_their_names(
    database: Database, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(port),
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": SECRET,
        "POSTGRES_DB": database.name,
    }
    settings = Settings(connection="environment")
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        found = identity(settings)
        assert (found.address, found.location.source) == (f"127.0.0.1:{port}", "POSTGRES_HOST")
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            name = name.replace("POSTGRES_DB", "PGDATABASE").replace("POSTGRES_", "PG")
            patch.setenv(name, value)
        found = identity(settings)
        assert (found.database, found.address) == (database.name, f"127.0.0.1:{port}")
        assert found.location.source == "PGHOST, PGPORT, PGUSER, PGDATABASE"
    monkeypatch.setenv("DATABASE_URL", database.conninfo)
    assert identity(settings).location.source == "DATABASE_URL"


@pytest.fixture
def service(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the database in a service file."""
    file = tmp_path / "services"
    lines = [f"{name}={value}" for name, value in conninfo_to_dict(database.conninfo).items()]
    file.write_text("\n".join(["[staging]", *filter(lambda one: one[-1] != "=", lines)]) + "\n")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    return "staging"


def test_a_service_file_is_looked_through(
    database: Database, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert identity(Settings(dsn=f"service={service}")).database == database.name
    monkeypatch.setenv("PGSERVICE", service)
    found = identity(Settings(connection="environment"))
    assert (found.database, found.location.source) == (database.name, "PGSERVICE")


@pytest.mark.parametrize(
    "forgotten", [{"PGHOST": "missing.invalid"}, {"PGHOST": "127.0.0.1,::1", "PGPORT": "1,1"}]
)
def test_a_service_file_goes_before_the_variables_of_a_host(
    database: Database, service: str, monkeypatch: pytest.MonkeyPatch, forgotten: dict[str, str]
) -> None:
    expected = identity(Settings(dsn=database.conninfo))
    for name, value in forgotten.items():
        monkeypatch.setenv(name, value)
    found = identity(Settings(dsn=f"service={service}"))
    assert (found.database, found.address) == (database.name, expected.address)


def test_no_idle_timeout_of_the_role_ends_a_session_of_a_service_file(
    database: Database, service: str
) -> None:
    with database.connect() as conn:
        limit = "SET idle_session_timeout = '100ms'"
        conn.execute(f"ALTER ROLE postgres IN DATABASE {database.name} {limit}".encode())
    with resolve(Settings(dsn=f"service={service}")).connect() as conn:
        time.sleep(0.2)
        assert conn.execute("SHOW idle_session_timeout").fetchone() == ("0",)


def test_a_socket_is_named_by_its_folder(database: Database, server: Embedded) -> None:
    found = identity(Settings(dsn=database.conninfo))
    assert found.address == f"{server.parameters['host']}:5432"


def test_of_several_hosts_it_is_the_one_that_was_reached(database: Database, port: int) -> None:
    dsn = f"host=/nowhere,127.0.0.1 port=1,{port} user=postgres dbname={database.name}"
    assert identity(Settings(dsn=dsn)).address == f"127.0.0.1:{port}"


def test_the_embedded_server_is_named_by_its_folder(base: Path) -> None:
    found = identity(Settings(embedded=base))
    wait_until_gone(base)
    assert found.address == "embedded"
    assert f"postgres embedded in {base}, role postgres, PostgreSQL " in str(found)
    assert str(found).endswith(", from --embedded")


def test_a_role_that_acts_as_another_one_is_named_with_its_login(database: Database) -> None:
    owner, login = sql.Identifier(f"{database.name}_owner"), sql.Identifier(f"{database.name}_ci")
    with database.connect() as admin:
        admin.execute(sql.SQL("CREATE ROLE {}").format(owner))
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN IN ROLE {}").format(login, owner))
        admin.execute(sql.SQL("ALTER ROLE {} SET role = {}").format(login, owner))
        try:
            dsn = make_conninfo(database.conninfo, user=f"{database.name}_ci")
            found = identity(Settings(dsn=dsn))
        finally:
            admin.execute(sql.SQL("DROP ROLE {}, {}").format(login, owner))
    assert (found.role, found.login) == (f"{database.name}_owner", f"{database.name}_ci")
    assert f"role {found.role} (login {found.login})," in str(found)


def test_the_first_connection_is_asked_and_no_other(database: Database) -> None:
    found: list[Identity] = []
    with resolve(Settings(dsn=database.conninfo)) as target:
        assert target.identity is None
        target.on_identity = found.append
        for _ in range(3):
            target.connect().close()
        assert found == [target.identity]


def test_a_timeout_of_the_role_is_not_meant_for_the_question(database: Database) -> None:
    dsn = make_conninfo(database.conninfo, options="-c statement_timeout=1ms")
    for _ in range(20):
        found = identity(Settings(dsn=dsn))
        assert (found.database, found.role) == (database.name, "postgres")


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    found = Identity("d", "r", "r", "18.1", "::1", 5432, Location("--dsn"))
    assert str(found) == "d at [::1]:5432, role r, PostgreSQL 18.1, from --dsn"


def test_a_container_is_named_with_the_way_to_it() -> None:
    location = Location("--container", container="spec_pg", route="docker exec")
    found = Identity("d", "r", "r", "18.1", "/tmp/x", 5432, location)
    assert str(found) == (
        "d in container spec_pg (docker exec), role r, PostgreSQL 18.1, from --container"
    )
