"""A tunnel to a server in a container through ``docker exec``: no port has to be published.

The tunnel is a Unix socket in a private folder. For every connection to it a program is started in
the container, which connects to the server there and copies bytes in both directions. When either
end is gone, however it ended, the program ends.
"""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


class Tunnel:
    """A tunnel to the server in a container. ``parameters`` are libpq's for our end of it."""

    def __init__(self, url: str, container: str) -> None:
        # Whoever can connect is let in by the server, so the folder is open to us alone. It is in
        # /tmp because the path of a socket may have 103 bytes on macOS.
        folder = Path(tempfile.mkdtemp(prefix="schemamig-", dir="/tmp"))
        self.parameters = {"host": str(folder), "hostaddr": "", "port": "5432"}
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / ".s.PGSQL.5432"))
            listener.listen(64)  # from now on one can connect, and wait for the process
            number = listener.fileno()
            command = [sys.executable, "-P", "-m", "schemamig_tui.connect.tunnel_process"]
            self._process = subprocess.Popen(
                [*command, url, container, str(number), str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                pass_fds=(number,),
                start_new_session=True,  # ctrl+c is not meant for it: cancelling needs the tunnel
            )

    def close(self) -> None:
        """Cut all connections, and take no more."""
        self._process.communicate()
