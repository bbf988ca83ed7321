"""What libraries log about connections, which Python writes to stderr where nobody takes it."""

import logging

import pytest

from schemamig_tui.connect import docker_api, patient


@pytest.mark.parametrize(("module", "logger"), [(docker_api, "paramiko"), (patient, "psycopg")])
def test_no_library_writes_into_the_ui(module: object, logger: str) -> None:
    assert module
    assert any(
        isinstance(handler, logging.NullHandler) for handler in logging.getLogger(logger).handlers
    )
