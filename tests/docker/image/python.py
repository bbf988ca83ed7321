"""A local image with this machine's Python, in the place of Docker's python image.

No registry is asked. It has what the Python itself has, and none of the packages installed with it.
"""

import io
import sys
import sysconfig
import tarfile
from pathlib import Path

import docker
import psycopg_binary

from tests.docker.image.layer import add_root, add_tools

NAME = "schemamig-tui-tests:python"
_HEAVY = {
    "__pycache__",
    "site-packages",
    "dist-packages",
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
}


def build(client: docker.DockerClient) -> str:
    """Build the image, and return its name."""
    repository, _, tag = NAME.partition(":")
    folder = Path(sys.base_prefix, "bin")
    client.api.import_image_from_data(
        _tar(), repository=repository, tag=tag, changes=[f"ENV PATH={folder}:/usr/bin"]
    )
    return NAME


def _tar() -> bytes:
    content = io.BytesIO()
    version = f"python3.{sys.version_info.minor}"
    base, program = Path(sys.base_prefix), Path(sys.base_prefix, "bin", version)
    library = Path(sysconfig.get_path("stdlib", vars={"installed_base": str(base)}))
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name in (version, "python3", "python"):
            tar.add(program.resolve(), str(program.with_name(name)).lstrip("/"))
        tar.add(library, str(library).lstrip("/"), filter=_needed)
        for shared in (base / "lib").glob("libpython3*.so*"):
            tar.add(shared, str(shared).lstrip("/"))
        extensions = library.joinpath("lib-dynload").glob("*.so")
        # A wheel brings its libraries, but for those of every Linux (PEP 600): here, of psycopg.
        wheel = Path(psycopg_binary.__file__).parent.glob("*.so")
        add_tools(tar, ["bash"], [program, *extensions, *wheel], f"{base}/", "site-packages/")
        add_root(tar)
    return content.getvalue()


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = Path(entry.name).name
    return None if name in _HEAVY or name.startswith("config-") else entry
