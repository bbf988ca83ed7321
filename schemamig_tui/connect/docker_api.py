"""The few calls of the Docker Engine API that we need. Importing this module takes 0.1 s.

Each call takes 5 s at most: docker-py 7.2 waits 60 s for an engine that hangs
(``DEFAULT_TIMEOUT_SECONDS`` in docker/constants.py). Each raises ConnectionFailed with a message
for the user, whatever docker-py, requests and the operating system raise.
"""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import docker  # type: ignore[import-untyped]  # docker has no types
import docker.errors  # type: ignore[import-untyped]  # docker has no types
from docker.context import ContextAPI  # type: ignore[import-untyped]  # docker has no types

from schemamig_tui.connect.engines import NotThere
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.text import redact

TIMEOUT = 5.0
"""Seconds that a call may take."""

_STDERR = 2
_PIECE = 64 * 1024

# Without a handler its warnings go to stderr, and there through the UI.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class StreamFrame(NamedTuple):
    """A piece of what a program in a container has written."""

    is_stderr: bool
    data: bytes


class Exec:
    """A program that runs in a container, with pipes to its stdin, stdout and stderr.

    ``stream`` is what docker-py gives for it. One thread may read while another one writes. The
    program gets the end of its stdin when it is closed, or when our process ends in whatever way.
    """

    def __init__(self, identifier: str, stream: Any) -> None:  # noqa: ANN401  # docker has no types
        self.id = identifier
        # docker-py (seen in 7.2) gives the raw socket, or with TLS what wraps it, and keeps the
        # response in a private attribute of it: APIClient._get_raw_response_socket.
        self._response = stream._response
        self._socket: socket.socket = getattr(stream, "_sock", stream)
        # This is http.client's buffered reader and not the socket: it may have read the first
        # frames along with the HTTP headers.
        self._reader = self._response.raw._fp.fp

    def wait_forever(self) -> None:
        """Let the program be silent for more than the 5 s of a call."""
        self._socket.settimeout(None)

    def write(self, data: bytes) -> None:
        """Send ``data`` to its stdin. Raises OSError if the program has ended."""
        self._socket.sendall(data)

    def frames(self) -> Iterator[StreamFrame]:
        """What it writes, until it ends. Raises OSError if the connection breaks.

        https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
        """
        while len(header := self._reader.read(8)) == 8:
            left = int.from_bytes(header[4:])
            while left and (data := self._reader.read(min(left, _PIECE))):
                left -= len(data)
                yield StreamFrame(header[0] == _STDERR, data)

    def end(self) -> None:
        """Make a thread that waits for the program stop waiting, and the program end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it, and let go of the connection. No other thread may use it any more."""
        self.end()
        self._response.close()


class DockerApi:
    """A connection to the engine at ``url``. All threads may use it.

    Raises NotThere if there is no engine, ConnectionFailed if it cannot be used.
    """

    def __init__(self, url: str) -> None:
        self._url = redact(url)
        with self._failures():
            tls = {} if url.startswith(("unix:", "ssh:")) else _tls()
            self._client = docker.APIClient(base_url=url, timeout=TIMEOUT, version="auto", **tls)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def inspect(self, name: str) -> dict[str, Any]:
        """The details of a container, by name or id. Raises NotThere if it does not exist."""
        with self._failures():
            try:
                details: dict[str, Any] = self._client.inspect_container(name)
            except docker.errors.NotFound:
                raise NotThere(f"There is no container {name}.") from None
        return details

    def containers(self) -> list[dict[str, Any]]:
        """A summary of each container, running or not."""
        with self._failures():
            found: list[dict[str, Any]] = self._client.containers(all=True)
        return found

    def start(self, container: str) -> None:
        """Start a container that is stopped."""
        with self._failures():
            self._client.start(container)

    def unpause(self, container: str) -> None:
        """Go on with a container that is paused."""
        with self._failures():
            self._client.unpause(container)

    def exec(self, container: str, command: list[str], *, stdin: bool = False) -> Exec:
        """Start a program in a container. The caller closes it."""
        with self._failures():
            created = self._client.exec_create(container, command, stdin=stdin)
            stream = self._client.exec_start(created["Id"], socket=True)
            return Exec(created["Id"], stream)

    def output(self, container: str, command: list[str]) -> bytes | None:
        """What a short program in a container writes to stdout; None if it fails."""
        program = self.exec(container, command)
        with self._failures(), contextlib.closing(program):
            output = b"".join(frame.data for frame in program.frames() if not frame.is_stderr)
            succeeded = self._client.exec_inspect(program.id)["ExitCode"] == 0
        return output if succeeded else None

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except ConnectionFailed:
            raise
        except _errors() as error:
            raise self._explained(error) from error

    def _explained(self, error: BaseException) -> ConnectionFailed:
        if isinstance(error, docker.errors.APIError):
            return ConnectionFailed(f"Docker says: {error.explanation or error}")
        leaf = error
        while cause := leaf.__cause__ or leaf.__context__:
            leaf = cause
        engine = f"the Docker engine at {self._url}"
        if isinstance(leaf, TimeoutError):
            return ConnectionFailed(
                f"No answer within {TIMEOUT:.0f} s from {engine}.", hint="Restart Docker."
            )
        if isinstance(leaf, ConnectionRefusedError | FileNotFoundError):
            return NotThere(f"No answer from {engine}: is it running?", hint="Start Docker.")
        if isinstance(leaf, ImportError | NameError):  # see docker.APIClient about ssh://
            return ConnectionFailed(
                "To reach a Docker engine by ssh:// takes a package that is not installed.",
                hint="pip install 'docker[ssh]'",
            )
        return ConnectionFailed(f"Cannot use {engine}: {redact(str(leaf))}")


def _errors() -> tuple[type[Exception], ...]:
    """The errors that docker-py may raise. Those of paramiko derive from Exception alone."""
    paramiko = sys.modules.get("paramiko")
    more = (paramiko.SSHException,) if paramiko else ()
    return (docker.errors.DockerException, OSError, *more)


def _tls() -> dict[str, Any]:
    """The certificates for tcp://: those of the variables DOCKER_*, or else of the context."""
    found = docker.utils.kwargs_from_env()
    if not os.environ.get("DOCKER_HOST"):
        found = {**ContextAPI.kwargs_from_context(), **found}
    return {"tls": found["tls"]} if "tls" in found else {}
