"""A real PgBouncer in front of the server of the tests."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator

import psycopg
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect.binaries import server_account
from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.conftest import Database, short_folder
from tests.endings import at_the_end


@contextlib.contextmanager
def pgbouncer(server: Embedded, database: Database, mode: str, *settings: str) -> Iterator[str]:
    """One in ``pool_mode`` ``mode``, with further lines of its file; gives the way to it.

    It runs as the server's account, as it refuses to run as root.
    """
    program = tools.needs("pgbouncer")
    account = server_account()
    with short_folder() as folder:
        port = _free_port()
        users = folder / "users.txt"
        users.write_text('"postgres" ""\n')
        file = folder / "pgbouncer.ini"
        place = f"host={server.parameters['host']} port={server.parameters['port']}"
        lines = [
            f"[databases]\n* = {place}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}",
            f"unix_socket_dir =\nauth_type = trust\nauth_file = {users}\npool_mode = {mode}",
            *settings,
        ]
        file.write_text("\n".join(lines))
        other = {} if account.is_ours else {"user": account.uid, "group": account.gid}
        process = subprocess.Popen(
            [program, file],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            extra_groups=None if account.is_ours else [],
            **other,
        )
        with process, at_the_end("kill", "-9", str(process.pid)):
            conninfo = make_conninfo(database.conninfo, host="127.0.0.1", port=port)
            _wait(process, conninfo)
            yield conninfo


def _wait(process: "subprocess.Popen[bytes]", conninfo: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(conninfo).close()
            return
        except psycopg.OperationalError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
