"""Asks a server how it wants a client to log in, without telling it any secret.

A client begins with the names of a user and a database, and the server answers with what it wants
as a proof of them. Until it gets one its process waits, with both names in its title, which it has
from before it looks at them (BackendInitialize in PostgreSQL's backend_startup.c). A client that
leaves then is not worth a line in the server's log (auth_failed in auth.c).

https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
"""

import contextlib
import socket
import struct
from collections.abc import Iterator

from schemamig_tui.errors import ConnectionFailed

_PROTOCOL = 3 << 16
# The codes of AuthenticationRequest, in the words of libpq's require_auth.
_METHODS = {0: "none", 3: "password", 5: "md5", 7: "gss", 9: "sspi", 10: "scram-sha-256"}
_LONGEST = 10_000  # bytes of an answer that can be one


@contextlib.contextmanager
def greeting(host: str, port: int, user: str, database: str, *, seconds: float) -> Iterator[str]:
    """The method by which ``user`` would have to prove itself, one of require_auth's.

    Inside of the context the server's process waits for that, unless the method is none. Raises
    ConnectionFailed if there is no such answer within ``seconds``, or if the server refuses.
    """
    try:
        with socket.create_connection((host, port), timeout=seconds) as line:
            names = f"user\0{user}\0database\0{database}\0\0".encode(errors="surrogateescape")
            line.sendall(struct.pack("!ii", 8 + len(names), _PROTOCOL) + names)
            yield _method(line)
    except TimeoutError:
        raise ConnectionFailed(f"no answer within {seconds:g} s") from None
    except (OSError, UnicodeError) as error:  # UnicodeError: a host that is no name
        raise ConnectionFailed(getattr(error, "strerror", None) or str(error)) from error


def _method(line: socket.socket) -> str:
    kind, size = struct.unpack("!ci", _read(line, 5))
    if not 8 <= size <= _LONGEST:
        raise ConnectionFailed("what answers there is no PostgreSQL")
    body = _read(line, size - 4)
    if kind == b"E":
        fields = {field[:1]: field[1:] for field in body.split(b"\0")}
        raise ConnectionFailed(fields.get(b"M", b"").decode(errors="replace"))
    method = _METHODS.get(int.from_bytes(body[:4])) if kind == b"R" else None
    if method is None:
        raise ConnectionFailed("what answers there asks for something unknown")
    return method


def _read(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = line.recv(size - len(data))
        if not piece:
            raise ConnectionFailed("what answers there has hung up")
        data += piece
    return data
