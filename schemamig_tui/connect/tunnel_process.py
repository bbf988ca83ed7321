"""The process that copies between the connections to a tunnel and a server in a container.

Started by ``connect.tunnel`` as ``python -m schemamig_tui.connect.tunnel_process`` with the
arguments

    URL CONTAINER LISTENER FOLDER

It is a process of its own because in ours every byte would wait for the interpreter's lock, twice
in each direction: that doubled the latency, and a busy UI would hold up the database. LISTENER is
the number of the open socket that is accepted from. When stdin ends, which it also does when the
program that started it was killed, FOLDER is removed and all connections are cut.
"""

import contextlib
import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator

from schemamig_tui.connect.container import Container
from schemamig_tui.connect.docker_api import DockerApi, Exec, StreamFrame
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


def main(url: str, container: str, listener: str, folder: str) -> None:
    """Serve until stdin ends."""
    try:
        service = _Service(DockerApi(url), container)
        accepting = socket.socket(fileno=int(listener))
        threading.Thread(target=service.accept, args=(accepting,), daemon=True).start()
        sys.stdin.buffer.read()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Service:
    """Gives every connection a program of its own in the container."""

    def __init__(self, api: DockerApi, container: str) -> None:
        self._api = api
        self._container = Container.of(api.inspect(container))

    def accept(self, listener: socket.socket) -> None:
        """Take connections, for ever."""
        while True:
            client, _ = listener.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        # A client that has gone, or a container that was stopped, cuts what runs here.
        with client, contextlib.suppress(OSError):
            self._forward(client)

    def _forward(self, client: socket.socket) -> None:
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
            output = _listen(frames)
            if output.endswith(_CONNECTED):
                program.wait_forever()
                program.write(greeting)
                _copy(client, program, frames)
            else:
                client.sendall(self._refusal(output.decode(errors="replace").strip()))

    def _refusal(self, reason: str) -> bytes:
        """The error for a client that gets no connection; first of all, a stopped container."""
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


def _listen(frames: Iterator[StreamFrame]) -> bytes:
    """The output of the program until it is connected, ends, or takes too long."""
    output = b""
    with contextlib.suppress(OSError):
        for frame in frames:
            output += frame.data
            if output.endswith(_CONNECTED):
                break
    return output


def _copy(client: socket.socket, program: Exec, frames: Iterator[StreamFrame]) -> None:
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


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # threads that copy are not waited for
