"""A proxy that holds back whatever passes through it, in both directions, for a fixed time.

It delays and does not throttle: every piece is passed on ``seconds`` after it has come in, however
many are on their way. It runs in a process of its own, so as to take nothing from ours but a core.
"""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

_SOCKET = ".s.PGSQL.5432"
_PIECE = 64 * 1024


@contextlib.contextmanager
def delayed(host: str, folder: Path, seconds: float) -> Iterator[str]:
    """The folder of a socket in ``folder`` that leads to the one in ``host``, later."""
    own = folder / "delayed"
    own.mkdir()
    command = [sys.executable, "-m", "tests.benchmarks.delay", host, str(own), str(seconds)]
    proxy = subprocess.Popen(command)
    try:
        while not (own / _SOCKET).exists():
            time.sleep(0.01)
        yield str(own)
    finally:
        proxy.kill()
        proxy.wait()


def main(host: str, own: str, seconds: float) -> None:
    """Serve until killed."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{own}/{_SOCKET}")
        listener.listen()
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/{_SOCKET}")
            for source, sink in ((client, server), (server, client)):
                pieces: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
                Thread(target=_take, args=(source, pieces, seconds), daemon=True).start()
                Thread(target=_pass_on, args=(pieces, sink), daemon=True).start()


def _take(source: socket.socket, pieces: SimpleQueue[tuple[float, bytes]], seconds: float) -> None:
    piece = b"more"
    while piece:
        piece = source.recv(_PIECE)
        pieces.put((time.monotonic() + seconds, piece))


def _pass_on(pieces: SimpleQueue[tuple[float, bytes]], sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may be gone already
        while True:
            due, piece = pieces.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not piece:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(piece)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
