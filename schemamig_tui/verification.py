"""Verifies that the migrations, run from zero on a scratch, make the schema that a target has."""

from collections.abc import Callable

from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect import OnWait, Target
from schemamig_tui.schema_errors import schema_errors
from schemamig_tui.scratch.comparison import SchemaComparison, compare_schemas
from schemamig_tui.scratch.facts import TargetFacts, facts_of
from schemamig_tui.scratch.made import ScratchSchema, scratch_schema
from schemamig_tui.scratch.replay import Cancelling, Progress
from schemamig_tui.scratch.verified import SchemaVerification
from schemamig_tui.settings import Settings
from schemamig_tui.survey import looking


def verify(
    target: Target,
    settings: Settings,
    on_wait: OnWait,
    *,
    warn: Callable[[str], None],
    progress: Progress,
    cancelling: Cancelling,
) -> SchemaVerification:
    """Run the applied migrations from zero on a scratch, and compare its schema with the target's.

    ``settings.scratch`` says where the scratch is. Nothing is written to the target's database.
    Raises FilesError, SettingsError, LedgerError, LockTimeout, ConnectionFailed and Interrupted.
    """
    with schema_errors(), looking(target, settings, on_wait) as (conn, survey):
        found = facts_of(conn, survey)
    for warning in found.warnings():
        warn(warning)
    with scratch_schema(target, settings, found, on_wait, progress, cancelling) as made:
        if sentence := other_version(made, found):
            warn(sentence)
        return verified(made, found)


def other_version(made: ScratchSchema, found: TargetFacts) -> str | None:
    """The sentence that the scratch's server has another version; None where it has not."""
    major = made.conn.info.server_version // 10000
    if major == found.major:
        return None
    return (
        f"The scratch is PostgreSQL {major} and the database PostgreSQL {found.major}:"
        " what only one of them has is not compared."
    )


def verified(made: ScratchSchema, found: TargetFacts) -> SchemaVerification:
    """Compare the schema of a scratch with what was ``found`` in the target."""
    same = other_version(made, found) is None
    comparison = None if made.replayed.failed else _compared(made, found, same_version=same)
    return SchemaVerification(made.words, made.replayed, comparison, same)


def _compared(made: ScratchSchema, found: TargetFacts, *, same_version: bool) -> SchemaComparison:
    with schema_errors():
        query = "SELECT quote_ident(current_user), quote_ident(%s)"
        ((role, owner),) = made.conn.execute(query, [found.owner]).fetchall()
        schema = snapshot(made.conn)
    return compare_schemas(
        schema, found.catalogs.schema(), found.ledger, {role: owner}, same_version=same_version
    )
