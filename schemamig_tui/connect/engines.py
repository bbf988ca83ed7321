"""Finds the Docker engine with the standard library alone, within a millisecond.

The settings of the ``docker`` command hold here too: ``DOCKER_HOST``, or else the context that
``DOCKER_CONTEXT`` or ``config.json`` names. Without them ``docker`` knows one socket; we also try
those of Docker Desktop, rootless Docker, Colima, OrbStack, Rancher Desktop and Podman. A socket
counts if something listens on it.
"""

import hashlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from schemamig_tui.errors import ConnectionFailed


class NotThere(ConnectionFailed):
    """There is no Docker engine, or no such container, so the user may mean another place."""


def locate(env: Mapping[str, str]) -> str:
    """The URL of the engine: unix://, tcp:// or ssh://.

    Raises NotThere if there is none, ConnectionFailed if there is one that cannot be used.
    """
    url = env.get("DOCKER_HOST") or _url_of_context(env)
    if url is not None:
        if url.startswith("unix://"):
            _require_listener(Path(url.removeprefix("unix://")))
        return url if "://" in url else f"tcp://{url}"
    refusal: ConnectionFailed | None = None
    for path in _well_known(env):
        try:
            _require_listener(path)
        except NotThere:
            continue
        except ConnectionFailed as error:
            refusal = refusal or error
        else:
            return f"unix://{path}"
    raise refusal or NotThere(
        "No Docker engine is running here.", hint="Start Docker, or set DOCKER_HOST."
    )


def _url_of_context(env: Mapping[str, str]) -> str | None:
    """The URL in the current context; None if that is the default one, which has none."""
    folder = Path(env.get("DOCKER_CONFIG") or _home(env) / ".docker")
    name = env.get("DOCKER_CONTEXT") or _current_context(folder / "config.json")
    if not name or name == "default":
        return None
    identifier = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    try:
        context = json.loads((folder / "contexts/meta" / identifier / "meta.json").read_bytes())
        return str(context["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ConnectionFailed(
            f"The Docker context {name} does not exist or names no engine.",
            hint="docker context ls shows the contexts, docker context use NAME chooses one.",
        ) from None


def _current_context(config: Path) -> str | None:
    try:
        name = json.loads(config.read_bytes())["currentContext"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(name)


def _home(env: Mapping[str, str]) -> Path:
    return Path(env.get("HOME") or "/")


def _well_known(env: Mapping[str, str]) -> Iterator[Path]:
    home = _home(env)
    runtime = Path(env.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    yield Path("/var/run/docker.sock")
    yield home / ".docker/run/docker.sock"  # Docker Desktop on macOS
    yield home / ".docker/desktop/docker.sock"  # Docker Desktop on Linux
    yield runtime / "docker.sock"  # rootless
    yield home / ".colima/default/docker.sock"
    yield home / ".orbstack/run/docker.sock"
    yield home / ".rd/docker.sock"  # Rancher Desktop
    yield runtime / "podman/podman.sock"
    yield Path("/run/podman/podman.sock")


def _require_listener(path: Path) -> None:
    """Raise NotThere if nobody listens at ``path``, ConnectionFailed if we may not connect."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            client.connect(str(path))
    except BlockingIOError:  # it has more callers than it can take at once, so it is there
        return
    except PermissionError:
        raise ConnectionFailed(
            f"Permission denied: you may not use the Docker engine at {path}.",
            hint="Run sudo usermod -aG docker $USER and log in again,"
            " or say where the database is: --dsn, DATABASE_URL.",
        ) from None
    except OSError:
        raise NotThere(
            f"No Docker engine is running at {path}.", hint="Start Docker, or set DOCKER_HOST."
        ) from None
