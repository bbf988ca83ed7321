"""Finds the database and connects to it.

``resolve`` decides where the database is, ``Target`` connects to it. The command line wins over the
environment. A place without a server is passed over; the reason is kept, and shown if the place
that is chosen fails too.
"""

import os
import sys
from pathlib import Path

from schemamig_tui.connect import environment
from schemamig_tui.connect.identity import Identity, Location
from schemamig_tui.connect.target import AskPassword, Attempt, Endpoint, OnWait, Target
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.settings import Settings
from schemamig_tui.text import visible

__all__ = ["AskPassword", "Attempt", "Identity", "OnWait", "Target", "resolve"]


def resolve(settings: Settings) -> Target:
    """Decide where the database is, and start what was asked for.

    The caller closes the Target. Raises SettingsError if what was asked for makes no sense,
    ConnectionFailed if the embedded PostgreSQL cannot be started, or the container is there and
    cannot be used.
    """
    of_file = dict.fromkeys(settings.variables, visible(str(settings.env_file)))
    if settings.dsn is not None:
        source = settings.origins.get("dsn", "--dsn")
        endpoint = environment.from_dsn(settings.dsn, source, os.environ, of_file)
        return Target(endpoint, settings)
    if settings.embedded is not None:
        source = settings.origins.get("embedded", "--embedded")
        return Target(_embedded(settings.embedded, source), settings)
    passed_over: list[Attempt] = []
    if settings.connection != "environment":
        from schemamig_tui.connect import docker

        source = settings.origins.get("container", "the default container")
        try:
            endpoint, tried = docker.find(
                settings.container, source, start=settings.start_container
            )
            return Target(endpoint, settings, tried)
        except ConnectionFailed as error:
            if settings.connection == "docker" or not _may_pass_over(error):
                raise
            place = f"Docker {settings.container}"
            passed_over.append(Attempt(place, error.message.rstrip(".")))
    endpoint, tried = environment.find(os.environ, of_file)
    return Target(endpoint, settings, (*passed_over, *tried))


def _may_pass_over(error: ConnectionFailed) -> bool:
    """Whether the environment may be tried after Docker has failed with ``error``.

    If the environment names no server, a container that is stopped or an engine that hangs is more
    likely meant than the server that PostgreSQL's defaults happen to lead to.
    """
    from schemamig_tui.connect.engines import NotThere

    return isinstance(error, NotThere) or environment.names_a_server(os.environ)


def _embedded(base: Path, source: str) -> Endpoint:
    if sys.platform == "win32":
        raise ConnectionFailed(
            "The embedded PostgreSQL does not run on Windows.",
            hint="Use a server of your own: --dsn, or DATABASE_URL.",
        )
    from schemamig_tui.connect.embedded import Embedded

    server = Embedded(base).start()
    return Endpoint(
        server.parameters,
        f"embedded PostgreSQL {server.major} in {server.base}",
        Location(source, embedded=str(server.base)),
        close=server.close,
        extension_hint=server.extension_hint,
    )
