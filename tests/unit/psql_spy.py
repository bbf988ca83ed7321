"""What psql makes of a file: it runs for real, against a server that only writes down queries."""

import socket
import struct
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from schemamig_tui.connect import binaries
from tests import tools


def queries(folder: Path, files: Sequence[bytes], *, standard_strings: bool) -> list[list[bytes]]:
    """The queries that psql sends for each of the files; ``folder`` is empty and has a short path.

    Each is accepted without being looked at.
    """
    bindir, _ = binaries.find(binaries.server_account())
    command: list[str | Path] = [tools.client("psql", bindir), "-Xq", "-h", folder]
    command += ["-U", "user", "database"]
    sent: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / ".s.PGSQL.5432"))
        server.listen()
        for i, file in enumerate(files):
            (folder / f"{i}.mark").write_text(f"SELECT 'file {i}';")
            (folder / f"{i}.sql").write_bytes(file)
            command += ["-f", folder / f"{i}.mark", "-f", folder / f"{i}.sql"]
        spy = threading.Thread(target=_serve, args=(server, sent, standard_strings))
        spy.start()
        subprocess.run(command, capture_output=True, env={"PGCLIENTENCODING": "UTF8"})
        spy.join()
    found: list[list[bytes]] = []
    for query in sent:
        if query == f"SELECT 'file {len(found)}';".encode():
            found.append([])
        else:
            found[-1].append(query)
    return found


def _serve(server: socket.socket, sent: list[bytes], standard_strings: bool) -> None:
    """One connection, in the frontend/backend protocol of the PostgreSQL manual."""
    connection, _ = server.accept()
    ready = _message(b"Z", b"I")
    settings = {
        b"server_version": b"18.0",
        b"client_encoding": b"UTF8",
        b"standard_conforming_strings": b"on" if standard_strings else b"off",
    }
    with connection, connection.makefile("rb") as incoming:
        _body(incoming)
        connection.sendall(_message(b"R", struct.pack("!I", 0)))
        for name, value in settings.items():
            connection.sendall(_message(b"S", name + b"\0" + value + b"\0"))
        connection.sendall(ready)
        while kind := incoming.read(1):
            body = _body(incoming)
            if kind == b"Q":
                sent.append(body[:-1])
                connection.sendall(_message(b"C", b"SET\0") + ready)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", 4 + len(body)) + body


def _body(incoming: BinaryIO) -> bytes:
    (length,) = struct.unpack("!I", incoming.read(4))
    return incoming.read(length - 4)
