"""A way to a server in a container that takes nothing but ``docker exec``: no port is published.

The tunnel is a Unix socket in a private folder. For every connection to it a program is started in
the container, which connects to the server there and copies bytes in both directions. When either
end is gone, however it ended, the program ends.

What keeps a connection from coming about is told to libpq as a server would tell it, in an
ErrorResponse; so it is shown, or waited for, like everything a server says.
"""

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from schemamig_tui.connect.container import Container
from schemamig_tui.connect.docker_api import DockerApi, Exec, Frame
from schemamig_tui.errors import ConnectionFailed

# bash and dd are in every image of PostgreSQL: Docker's own starts with a script in bash. It is
# not cat, because that of busybox uses sendfile(), which on Linux since 5.12 keeps a pipe locked
# while it waits for the socket: then the answer before cannot be read, and all stand still.
# A background job would read /dev/null, hence "<&4". Whichever dd ends first ends the other.
_SCRIPT = r"""exec 4<&0 3<>"/dev/tcp/127.0.0.1/$1" || exit 97
printf 'connected\n'
dd bs=65536 <&3 2>/dev/null & down=$!
dd bs=65536 <&4 >&3 2>/dev/null & up=$!
exec 0</dev/null 1>&- 4<&-
wait -n; kill $down $up 2>/dev/null; wait"""

# What comes before it is an error: runc says on stdout that there is no bash.
_CONNECTED = b"connected\n"

# Appendix A of the manual. The first makes libpq's ping say "not yet", any other one "final".
_CANNOT_CONNECT_NOW = "57P03"
_CONNECTION_FAILURE = "08006"

_PIECE = 64 * 1024


class Tunnel:
    """Leads to the server in a container. ``parameters`` are libpq's for its end of it."""

    def __init__(self, api: DockerApi, container: Container) -> None:
        self._api = api
        self._container = container
        self._clients: set[socket.socket] = set()
        self._lock = threading.Lock()
        # Whoever can connect is let in by the server, so the folder is open to us alone. It is in
        # /tmp because the path of a socket may have 103 bytes on macOS.
        self._folder = Path(tempfile.mkdtemp(prefix="schemamig-", dir="/tmp"))
        self.parameters = {"host": str(self._folder), "hostaddr": "", "port": "5432"}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / ".s.PGSQL.5432"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, name="tunnel", daemon=True).start()

    def close(self) -> None:
        """Cut all connections, and take no more."""
        with contextlib.suppress(OSError):  # macOS does not shut a listener down, but closes it
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for client in self._clients:
                _shut(client)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._api.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            with self._lock:
                self._clients.add(client)
            # A client that has gone, or a container that was stopped, cuts what runs here.
            with contextlib.suppress(OSError):
                self._lead(client)
            with self._lock:
                self._clients.remove(client)

    def _lead(self, client: socket.socket) -> None:
        greeting = client.recv(_PIECE)
        if not greeting:
            return
        command = ["bash", "-c", _SCRIPT, "bash", str(self._container.port)]
        try:
            program = self._api.exec(self._container.id, command, stdin=True)
        except ConnectionFailed as error:
            client.sendall(self._refusal(error.message))
            return
        with contextlib.closing(program):
            frames = program.frames()
            said = _listen(frames)
            if said.endswith(_CONNECTED):
                program.wait_forever()
                program.write(greeting)
                _copy(client, program, frames)
            else:
                client.sendall(self._refusal(said.decode(errors="replace").strip()))

    def _refusal(self, reason: str) -> bytes:
        """What the client is told when there is no connection; the state of the container first."""
        sqlstate = _CONNECTION_FAILURE
        name = self._container.name
        try:
            container = Container.of(self._api.inspect(self._container.id))
            container.require_running()
        except ConnectionFailed as error:
            return _error_response(sqlstate, f"{error.message} {error.hint or ''}".strip())
        message = f"bash cannot be run in container {name}: {reason}"
        if "/dev/tcp/" in reason:
            sqlstate = _CANNOT_CONNECT_NOW
            health = f" ({container.health})" if container.health != "none" else ""
            message = f"nobody answers on port {container.port} in container {name}{health}"
        return _error_response(sqlstate, message)


def _listen(frames: Iterator[Frame]) -> bytes:
    """What the program says until it is connected, ends, or takes too long."""
    said = b""
    with contextlib.suppress(OSError):
        for frame in frames:
            said += frame.data
            if said.endswith(_CONNECTED):
                break
    return said


def _copy(client: socket.socket, program: Exec, frames: Iterator[Frame]) -> None:
    """Copy in both directions, until either end is gone."""

    def up() -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(_PIECE):
                program.write(data)
        program.end()

    sender = threading.Thread(target=up, name="tunnel-up", daemon=True)
    sender.start()
    try:
        for frame in frames:
            if not frame.is_stderr:
                client.sendall(frame.data)
    finally:
        _shut(client)
        sender.join()


def _shut(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def _error_response(sqlstate: str, message: str) -> bytes:
    """A server's ErrorResponse (section 55.7 of the manual)."""
    fields = {"S": "FATAL", "V": "FATAL", "C": sqlstate, "M": message}
    body = b"".join(f"{name}{value}\0".encode() for name, value in fields.items()) + b"\0"
    return b"E" + (len(body) + 4).to_bytes(4) + body
