"""Which Docker engine is asked, and the error for one that cannot be used. Needs no engine."""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemamig_tui.connect import engines, resolve
from schemamig_tui.connect.engines import NotThere, locate
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.settings import Settings
from tests.connect.conftest import User

DOCKER = Settings(connection="docker")


@pytest.fixture
def listen(folder: Path) -> Iterator[Callable[[str], Path]]:
    """Takes connections at a path below the folder of the test, and never answers."""
    with contextlib.ExitStack() as stack:

        def listen(path: str) -> Path:
            where = folder / path
            where.parent.mkdir(parents=True, exist_ok=True)
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(where))
            listener.listen()
            return where

        yield listen


@pytest.fixture
def no_default_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the sockets of this machine, whose paths are absolute."""
    well_known = engines._well_known
    monkeypatch.setattr(
        engines,
        "_well_known",
        lambda env: (path for path in well_known(env) if path.is_relative_to(env["HOME"])),
    )


def context(folder: Path, name: str, content: object) -> None:
    """Make a context, as ``docker context create`` does."""
    identifier = hashlib.sha256(name.encode()).hexdigest()
    place = folder / "contexts/meta" / identifier
    place.mkdir(parents=True)
    (place / "meta.json").write_text(json.dumps(content))


def test_docker_host_comes_before_the_context(folder: Path) -> None:
    env = {"DOCKER_HOST": "tcp://h:2375", "DOCKER_CONTEXT": "missing", "HOME": str(folder)}
    assert locate(env) == "tcp://h:2375"
    assert locate({"DOCKER_HOST": "h:2375"}) == "tcp://h:2375"


@pytest.mark.parametrize("by", ["DOCKER_CONTEXT", "config.json"])
def test_a_context_names_the_engine(folder: Path, by: str) -> None:
    context(folder, "far", {"Endpoints": {"docker": {"Host": "ssh://far"}}})
    env = {"DOCKER_CONFIG": str(folder)}
    if by == "DOCKER_CONTEXT":
        env[by] = "far"
    else:
        (folder / by).write_text('{"currentContext": "far"}')
    assert locate(env) == "ssh://far"


@pytest.mark.parametrize("content", [None, [], {"Endpoints": {}}, {"Endpoints": {"docker": {}}}])
def test_a_context_without_an_engine_is_an_error(folder: Path, content: object) -> None:
    if content is not None:
        context(folder, "far", content)
    with pytest.raises(ConnectionFailed, match="context far does not exist") as caught:
        locate({"DOCKER_CONFIG": str(folder), "DOCKER_CONTEXT": "far"})
    assert not isinstance(caught.value, NotThere)
    assert "docker context ls" in str(caught.value.hint)


@pytest.mark.usefixtures("no_default_socket")
@pytest.mark.parametrize("config", ["", "[]", "{}", '{"currentContext": "default"}'])
@pytest.mark.parametrize(
    "path",
    [
        ".docker/run/docker.sock",
        ".docker/desktop/docker.sock",
        ".colima/default/docker.sock",
        ".orbstack/run/docker.sock",
        ".rd/docker.sock",
        "run/docker.sock",
        "run/podman/podman.sock",
    ],
)
def test_told_nothing_we_look_at_the_well_known_sockets(
    folder: Path, listen: Callable[[str], Path], path: str, config: str
) -> None:
    where = listen(path)
    (folder / ".docker").mkdir(exist_ok=True)
    (folder / ".docker/config.json").write_text(config)
    env = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run")}
    assert locate(env) == f"unix://{where}"


@pytest.mark.usefixtures("no_default_socket")
def test_a_socket_that_nobody_listens_at_is_passed_over(
    folder: Path, listen: Callable[[str], Path]
) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        (folder / ".docker/run").mkdir(parents=True)
        left_behind.bind(str(folder / ".docker/run/docker.sock"))
    path = listen(".rd/docker.sock")
    assert locate({"HOME": str(folder)}) == f"unix://{path}"


@pytest.mark.usefixtures("no_default_socket")
def test_no_engine_is_found_out_in_no_time_and_without_importing_docker(folder: Path) -> None:
    env = {"HOME": str(folder)}
    seconds = []
    for _ in range(10):
        began = time.perf_counter()
        with pytest.raises(NotThere, match="No Docker engine is running here"):
            locate(env)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.01
    code = """
import sys
from schemamig_tui.connect import resolve
from schemamig_tui.settings import Settings
place = resolve(Settings())
assert place.route == "PostgreSQL's defaults", place.route
assert place.tried[0].reason == "No Docker engine is running at /nonexistent/docker.sock"
sys.exit("docker" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_permission_denied_says_how_to_get_it(
    ourselves: User, nobody: User, listen: Callable[[str], Path]
) -> None:
    path = listen("docker.sock")
    path.chmod(0)

    def look() -> None:
        try:
            locate({"DOCKER_HOST": f"unix://{path}"})
        except ConnectionFailed as error:
            print(type(error).__name__, error.message, error.hint)

    user = nobody if ourselves.uid == 0 else ourselves
    with user.fork(look) as process:
        output, _ = process.communicate()
    assert (
        f"ConnectionFailed Permission denied: you may not use the Docker engine at {path}" in output
    )
    assert "sudo usermod -aG docker $USER" in output


def test_an_engine_that_hangs_is_given_up_after_five_seconds(
    listen: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{listen('docker.sock')}")
    began = time.monotonic()
    with pytest.raises(ConnectionFailed, match="No answer within 5 s from the Docker engine"):
        resolve(Settings())
    # That of the Docker client is a minute. Nobody else is to wait for this to be measured.
    assert 4.5 < time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("url", "message", "absent"),
    [
        ("unix:///nonexistent", "No Docker engine is running at /nonexistent", True),
        ("tcp://127.0.0.1:1", "No answer from the Docker engine at tcp://127.0.0.1:1", True),
        ("tcp://missing.invalid:2375", "Cannot use the Docker engine at tcp://missing", False),
        ("nonsense://h", "Cannot use the Docker engine at nonsense://h", False),
        ("tcp://", "Cannot use the Docker engine at tcp://", False),
    ],
)
def test_each_engine_that_cannot_be_used_is_explained(
    url: str, message: str, absent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", url)
    with pytest.raises(ConnectionFailed, match=message) as caught:
        resolve(DOCKER)
    assert isinstance(caught.value, NotThere) is absent


def test_ssh_without_its_package_says_what_to_install() -> None:
    code = """
import sys
sys.modules["paramiko"] = None  # as if it was not installed
from schemamig_tui.connect import resolve
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.settings import Settings
try:
    resolve(Settings(connection="docker"))
except ConnectionFailed as error:
    print(error.message, error.hint)
"""
    env = {**os.environ, "DOCKER_HOST": "ssh://nobody@127.0.0.1:1"}
    output = subprocess.check_output([sys.executable, "-c", code], env=env, text=True)
    assert output == (
        "To reach a Docker engine by ssh:// takes a package that is not installed."
        " pip install 'docker[ssh]'\n"
    )


@pytest.fixture
def answering(folder: Path) -> Iterator[Callable[[bytes], str]]:
    """The URL of what gives one answer to everything."""
    with contextlib.ExitStack() as stack:

        def answering(answer: bytes) -> str:
            path = folder / "docker.sock"
            code = f"""
import socket
listener = socket.socket(socket.AF_UNIX)
listener.bind({str(path)!r})
listener.listen()
while True:
    client, _ = listener.accept()
    client.recv(65536)
    client.sendall({answer!r})
    client.close()
"""
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", code]))
            stack.callback(process.kill)
            while not path.exists():
                time.sleep(0.01)
            return f"unix://{path}"

        yield answering


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\n\r\n{"ApiVersion": "1.0"}',
        b"HTTP/1.1 500 Oops\r\n\r\n",
        b'HTTP/1.1 403 Forbidden\r\n\r\n{"message": "authorization denied by plugin"}',
    ],
)
def test_what_is_no_docker_engine_is_one_error(
    answer: bytes, answering: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", answering(answer))
    with pytest.raises(ConnectionFailed, match="Docker"):
        resolve(DOCKER)


# -- what auto makes of it


def test_a_missing_engine_leaves_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    place = resolve(Settings())
    assert place.route == "PostgreSQL's defaults"
    assert place.tried[0].route == "Docker spec_pg"
    assert resolve(Settings(connection="environment")).tried[0].route == "DATABASE_URL"


@pytest.mark.parametrize(
    "variable", ["DATABASE_URL", "POSTGRES_HOST", "PGHOST", "PGHOSTADDR", "PGSERVICE"]
)
def test_an_engine_in_trouble_is_passed_over_only_where_a_server_is_named(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "nonsense://h")
    monkeypatch.setenv("POSTGRES_PASSWORD", "secret")
    with pytest.raises(ConnectionFailed, match="nonsense"):
        resolve(Settings())
    monkeypatch.setenv(variable, "service=dev" if variable == "DATABASE_URL" else "dev")
    assert "nonsense" in resolve(Settings()).tried[0].reason
    with pytest.raises(ConnectionFailed, match="nonsense"):
        resolve(DOCKER)
