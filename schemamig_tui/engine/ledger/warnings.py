"""Warnings about a folder and its ledger, as sentences; they stop nothing."""

from collections.abc import Sequence

from schemamig_tui.engine.ledger.status import Migration, Status
from schemamig_tui.engine.script.names import order_warnings, passed_over_warnings, twin_warnings
from schemamig_tui.errors import DriftError
from schemamig_tui.text import some_names, visible


def folder_warnings(
    status: Status, passed_over: Sequence[str] = (), to: str | None = None
) -> tuple[str, ...]:
    """Warnings about names, and about files up to ``to`` that nobody has written yet.

    ``passed_over`` are files that are no migrations because of their suffix.
    """
    return (
        *order_warnings([m.name for m in status.migrations if m.file]),
        *twin_warnings(m.name for m in status.migrations),
        *passed_over_warnings(passed_over),
        *_out_of_order(status, to),
        *_renamed(status, to),
        *(_unwritten(status.unwritten(to))),
    )


def drift_warnings(status: Status) -> tuple[str, ...]:
    """Warnings where the files are not what the ledger says has been run."""
    return (
        *history_warnings(status),
        *_of(
            [m for m in status.pending if m.written_since],
            "Recorded when it was empty, and pending again now that it has statements",
            "Recorded when they were empty, and pending again now that they have statements",
        ),
    )


def history_warnings(status: Status) -> tuple[str, ...]:
    """Warnings about applied files that have changed, or are missing."""
    return (
        *_of(status.changed, "Changed since it was applied", "Changed since they were applied"),
        *_of(
            [m for m in status.missing if not m.renamed_to],
            "In the ledger, but not in the folder",
        ),
    )


def _out_of_order(status: Status, to: str | None) -> list[str]:
    late = [m for m in status.out_of_order if _is_up_to(m, to)]
    if not late or status.last_applied is None:
        return []
    before = f"before {visible(status.last_applied.name)}, which is applied"
    (found,) = _of(late, f"Pending, but sorted {before}")
    return [
        f"{found} A later name puts it in order, and '-- schemamig: out-of-order' at the top of a"
        " file lets it run late."
    ]


def _renamed(status: Status, to: str | None) -> list[str]:
    renamed = [m for m in status.renamed if _is_up_to(m, to)]
    if not renamed:
        return []
    names = some_names([f"{m.recorded_as} is {m.name} now" for m in renamed])
    return [
        f"Renamed since {'it was' if len(renamed) == 1 else 'they were'} recorded: {names}."
        f" An apply would run it again. --accept-name {visible(renamed[0].name)} records the name"
        " that it has now; or give it its old name back."
    ]


def strict_refusal(status: Status, to: str | None = None) -> DriftError | None:
    """Why ``--strict`` lets nothing run: the folder and the ledger have different histories."""
    if found := [*drift_warnings(status), *_out_of_order(status, to), *_renamed(status, to)]:
        return DriftError(
            "\n".join(found),
            hint="Put it right, or run without --strict.",
        )
    return None


def empty_warnings(status: Status) -> tuple[str, ...]:
    """Warnings about files that a run would record as applied without running anything."""
    return (
        *_of(
            status.empty,
            "Empty, with a written file behind it, so an apply records it as applied",
            "Empty, with a written file behind them, so an apply records them as applied",
        ),
    )


def _is_up_to(migration: Migration, to: str | None) -> bool:
    return to is None or migration.name.encode() <= to.encode()


def _unwritten(migrations: Sequence[Migration]) -> list[str]:
    return _of(
        migrations,
        "Not written yet, so it is not run",
        "Not written yet, so they are not run",
    )


def _of(migrations: Sequence[Migration], one: str, many: str | None = None) -> list[str]:
    """A sentence about one migration, or about several."""
    if not migrations:
        return []
    what = one if len(migrations) == 1 else many or one
    return [f"{what}: {some_names([m.name for m in migrations])}."]
