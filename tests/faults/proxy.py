"""A TCP proxy in front of the server that can fail as networks do.

``silence`` is a network that is gone: no packet of ours is seen by the other side, and none comes
back. A filter on the proxy's own socket drops every packet before TCP sees it (socket(7),
SO_ATTACH_FILTER; it needs no privilege), so nothing is acknowledged. ``swallow`` is a proxy that
lives and leads nowhere: it acknowledges everything, and passes nothing on.
"""

import contextlib
import ctypes
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_SO_ATTACH_FILTER = 26
_RETURN = 0x06


class Line:
    """One connection through the proxy, with a thread for each direction."""

    def __init__(self, client: socket.socket, server: socket.socket, *, swallowed: bool) -> None:
        self._client, self._server = client, server
        self.swallowed = swallowed
        """Whether nothing is passed on any more."""
        self.swallow_from: bytes | None = None
        """Swallow all from the message of the client on that has this in it."""
        self.bytes_per_second: int | None = None
        """How slow the line is; what it does not hold yet is acknowledged, and buffered here."""
        self.seconds = 0.0
        """How long each packet takes, too."""
        for source, other in ((client, server), (server, client)):
            threading.Thread(target=self._pass, args=(source, other), daemon=True).start()

    def silence(self) -> None:
        """Let no packet of the client's side be seen any more, and answer none."""
        self.swallowed = True
        _drop_all(self._client)

    def swallow(self, *, end_server: bool = True) -> None:
        """Acknowledge whatever comes, and pass nothing on; the server sees the end, or nothing."""
        self.swallowed = True
        if end_server:
            _shut_down(self._server)

    def close(self) -> None:
        """End both sides."""
        _shut_down(self._client)
        _shut_down(self._server)

    def _pass(self, source: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if self.swallow_from and self.swallow_from in data:
                    self.swallowed = True
                rate = self.bytes_per_second
                if rate or self.seconds:
                    time.sleep(self.seconds + (len(data) / rate if rate else 0.0))
                if not self.swallowed:
                    other.sendall(data)
        if not self.swallowed:
            self.close()


class Proxy:
    """Passes connections on to the server of ``conninfo``, from a port of this machine; 0: any."""

    def __init__(self, conninfo: str, port: int = 0) -> None:
        parameters = conninfo_to_dict(conninfo)
        self._server = Path(str(parameters["host"])) / f".s.PGSQL.{parameters['port']}"
        self._listener = socket.create_server(("127.0.0.1", port))
        self.conninfo = make_conninfo(
            conninfo, host="127.0.0.1", port=self._listener.getsockname()[1]
        )
        self.lines: list[Line] = []
        """In the order in which they were made; those that have ended, too."""
        self.swallow_from: bytes | None = None
        """What the first line that is to be made is to swallow from."""
        self._swallowed = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        for line in self.lines:
            line.close()

    def silence(self) -> None:
        """Silence all connections, and have nobody connect any more."""
        _drop_all(self._listener)
        for line in self.lines:
            line.silence()

    def swallow(self, *, end_server: bool = True) -> None:
        """Swallow what comes on all connections, and on new ones."""
        self._swallowed = True
        for line in self.lines:
            line.swallow(end_server=end_server)

    def refuse(self) -> None:
        """Have nobody connect any more."""
        _shut_down(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                line = Line(client, server, swallowed=self._swallowed)
                line.swallow_from, self.swallow_from = self.swallow_from, None
                self.lines.append(line)


def _drop_all(sock: socket.socket) -> None:
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, 0))
    program = struct.pack("HL", 1, ctypes.addressof(instruction))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _shut_down(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
