"""A pipeline is left in any case, so that its connection can be used for what comes then."""

import pytest
from psycopg.pq.abc import PGresult

from schemamig_tui.engine.pipeline.quiet import run_quietly
from schemamig_tui.engine.pipeline.step import Role, Step
from tests.conftest import Database


def test_what_an_answer_raises_is_raised_when_all_that_was_sent_is_done(
    database: Database,
) -> None:
    def read(result: PGresult) -> None:
        raise ValueError(result.get_value(0, 0))

    question = Step(b"SELECT 1", Role.HOUSEKEEPING, awaited=True, answer=read)
    with database.connect() as conn:
        with pytest.raises(ValueError, match="1"):
            run_quietly(conn, [Step(b"CREATE TABLE t ()", Role.HOUSEKEEPING), question])
        assert conn.execute("SELECT to_regclass('t')::text").fetchone() == ("t",)
