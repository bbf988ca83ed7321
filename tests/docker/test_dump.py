"""The pg_dump in a container, where this machine has none that is new enough."""

import pytest
from docker.models.containers import Container

from schemamig_tui.connect import binaries
from schemamig_tui.connect.pg_dump import dump
from tests.docker.containers import target


def test_that_of_the_container_serves(
    published: Container, isolated: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "installed", lambda: iter([]))
    monkeypatch.setenv("PATH", "/nonexistent")
    for container in (published, isolated):
        with target(container) as place, place.connect() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS dumped (id int)")
            major = connection.info.server_version // 10000
            text = dump(place, major, ["--schema-only"])
            connection.execute("DROP TABLE dumped")
        assert "CREATE TABLE public.dumped (\n" in text
