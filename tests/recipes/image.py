"""Builds the image of the recipes as that recipe says: ``python -m tests.recipes.image``.

It needs a Docker engine, the ``docker`` command, and the wheels of the dependencies. The Python is
this machine's, and so is the PostgreSQL that the migrations in the image are applied to.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.docker.containers import SPEC, connected, wait_for_server
from tests.docker.image import python
from tests.headless.conftest import PACKAGE_ROOT
from tests.recipes.page import RECIPES

_IMAGE = "schemamig-tui-tests:recipe"  # nobody else has one of this name


def main() -> None:
    """Build it, run it twice, and remove it. Raises CalledProcessError for what fails."""
    with connected(os.environ) as engine, tempfile.TemporaryDirectory() as folder:
        server = wait_for_server(engine.run())
        server.reload()
        migrations = Path(folder, "migrations")
        migrations.mkdir()
        migrations.joinpath("0001_a.sql").write_text("CREATE TABLE a ();\n")
        Path(folder, "Dockerfile").write_text(RECIPES["image"])
        wheels, build = RECIPES["wheels"].replace("app-migrations", _IMAGE).splitlines()
        _run("pip wheel --quiet --no-deps --wheel-dir own", str(PACKAGE_ROOT), folder=folder)
        _run(wheels, folder=folder, PIP_FIND_LINKS="own")
        _run(build, "--build-arg", f"PYTHON={python.build(engine.client)}", folder=folder)
        try:
            address = server.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
            login = f"{SPEC['POSTGRES_USER']}:{SPEC['POSTGRES_PASSWORD']}"
            url = f"postgresql://{login}@{address}/{SPEC['POSTGRES_DB']}"
            for arguments in ((), ("--check",)):
                _run(f"docker run --rm -e DATABASE_URL {_IMAGE}", *arguments, DATABASE_URL=url)
        finally:
            engine.client.images.remove(_IMAGE)


def _run(command: str, *more: str, folder: str = ".", **environ: str) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(
        [*shlex.split(command), *more],
        cwd=folder,
        env={**os.environ, **environ, "PATH": path},
        check=True,
    )


if __name__ == "__main__":
    main()
