"""JSON lines for programs: one object per line, in ASCII, each as soon as it is known.

Everything is on stdout, errors too. Every object has ``event``; keys may be added in a later
version, and none is renamed or removed. Times are milliseconds, sizes bytes, lines and columns
1-based (a column counts characters), ``applied_at`` is ISO 8601 without a time zone, as the ledger
has it, or the server's text for what ISO 8601 has no date for, such as infinity. What is not known
is null.

===================  ===============================================================================
event                keys
===================  ===============================================================================
connecting           route, passed_over [{place, reason}]
waiting              seconds_left, reason: the server does not answer yet (``--wait``)
connected            database, role, login, version (of the server), host (the folder of a Unix
                     socket), port, source (the flag, variable or key that has named it), container,
                     route (to the container), embedded (a folder)
warning              message
error                message, hint, exit_code; path, line, column where a file is to blame
migration            ``--list``, and what ``--check`` found: name, state (applied, pending, failed;
                     unknown: the ledger has it with a success of NULL), changed, missing, unwritten
                     (nothing in it to run yet), written_since (it was empty when it was recorded),
                     batches_done (how far they are, in words; null: none are, or all),
                     applied_at, checksum (of the ledger), execution_time_ms, error_message
status               the end of both: applied, pending, failed, unknown, changed, missing (numbers)
plan_started         total
file_planned         name, path, size, mode, reason, statements, failed_before, written_since,
                     resumed, warnings [{line, message}]; sql [{line, text}] with ``--sql``
batches_planned      name, line, table, key [column], index, rows (about), keys, first, last (of the
                     first batch), expected (rows, by the planner), plan [line], warnings
                     [sentence], obstacle (why nothing of that is known)
advice               severity (note, warning), message, hint, name, line
plan_finished        planned, refused (each of them was an error before)
plan_saved           path: ``--save-plan``
migration_created    name, path: ``--new``
rollback_drafted     ``--new-rollback``: name, path, original (the name of what it reverts),
                     complete (nothing of the original stays), as_before (the rehearsal has left the
                     schema as it should be), tried_again (it was rehearsed with its original again
                     behind it, as that is applied), left_out (why it was not rehearsed), failed,
                     differences [[sign, depth, text]]
drift                ``--diff``: name, changed, only_comments, commit (that has brought what was
                     applied) {hash, author, day, subject}, changed_by (the first commit that has
                     changed it, or null) {the same}, diff [line]
finding              ``--check --against``: name, problem (changed, only comments changed, removed,
                     out of order)
compared             the end of it: ref, last (the last file of ref), new [name], findings (number)
repaired             ``--mark-applied``, ``--accept-checksum``, ``--forget``, ``--baseline``: name,
                     before and after {applied_at, checksum, execution_time_ms, success,
                     error_message}, null where there is no row
docs_started         the schema is being read; no keys
docs_generated       ``--docs-generate``: path, state (created, changed, unchanged), tables, enums,
                     foreign_keys, in_notes (what DBML has no words for), left_out (what is in no
                     schema, with ``--schema``), lost [what has taken a note by hand with it]
docs_difference      ``--docs-validate``: where, what (the part of it), file, database (texts; null:
                     it is not there)
docs_validated       the end of it: path, differences (number)
setting              ``--show-settings``: name, value (a text; null: not set), source
run_started          files [name]
lock_awaited         holder {pid, user, application, client, since}, or null
file_started         name, number, total, mode, statements, resumed (those an earlier try has done)
file_warned          name, line, message
notice               name, statement, line, severity, sqlstate, message, detail, hint, context
statement_finished   name, statement, line, tag, ms (null: its result came with another one), batch
                     (how many statements, up to this one, ms is of)
progress_seen        name, statement, line, progress {command, relation, phase, done, total, unit,
                     waits_for [session]}
blocked_seen         name, statement, line, blocked {lock, on, seconds, by [session]}; null: no more
victims_seen         name, statement, line, victims {count, longest_s, sessions [session]}; null: no
                     more
batches_started      name, statement, line, table, key [column], index, rows (about so many;
                     null: not known), resumed {walked, changed, batches, seconds}
batch_finished       name, statement, line, done {as resumed}, rows, size (keys of the next batch),
                     ms, per_second, average (rows), left_s [least, most], at, dead (rows); twice a
                     second at the most
batches_waiting      name, statement, line, reasons [sentence], waited_s; again each half minute
batches_go_on        name, statement, line, waited_s
batch_retried        name, statement, line, failure (as in file_failed), blocked, size, pause_ms
batches_noted        name, statement, line, message
batches_finished     name, statement, line, done, ms
batch_rehearsed      name, statement, line, keys, changed, ms, wal, rows, total_ms, total_wal
file_retried         name, ms, failure (as in file_failed), blocked, retry, retries, pause_ms
server_awaited       name (null between two files), reason, seconds: the connection is lost
files_lost           names: reported as file_applied, but the server does not have them any more
file_applied         name, ms (what the ledger has)
file_failed          name, ms, recorded, unrecorded, kept (statements; null: the server could not be
                     asked), failure {severity, sqlstate, message,
                     detail, hint, context, statement, line, column, source, gave_way}
run_finished         applied [name], failed (a name), remaining [name], lost [name], version (null:
                     the server could not be asked), cancelled, ms, unwritten [name] (pending, with
                     nothing in them to run yet), slow [name] (took longer than ``--warn-after``)
locks_taken          name, statement, line, locks [{relation, mode, blocks [what]}]
relations_rewritten  name, statement, line, relations [name]
file_rehearsed       name, ms, exclusive_ms, changes [{what (added, changed, dropped, renamed;
                     unseen: nothing can be shown of it), kind, name, parent, was,
                     summary, details [[sign, depth, text]], cluster_wide}]
file_left_out        name, reason
rehearsal_finished   rehearsed [name], left_out [name], failed (a name), remaining [name], needs,
                     sequences [name], outages [{relation, blocks [what], ms, name}],
                     rewritten [name], cancelled, ms, unwritten [name]
===================  ===============================================================================

``mode`` is "transaction", "own transaction" or "no transaction". A session is {pid, user,
application, client, state, transaction_s, waiting_s, query, started}. What ``blocked_seen`` and
``victims_seen`` report ends with ``file_retried`` and ``file_failed``, too. A run with nothing to
do is a ``run_finished`` alone; one that never came to its migrations ends in an ``error``, and one
that something else than a migration has ended in a ``run_finished`` and an ``error``. A
rehearsal has the events of a run up to ``statement_finished``, and ``file_failed``, too.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemamig_tui.errors import FilesError, SchemamigError
from schemamig_tui.headless.json_events import as_json
from schemamig_tui.headless.output import Output

if TYPE_CHECKING:
    from schemamig_tui.advice.preflight import Advice
    from schemamig_tui.authoring.against import BranchComparison
    from schemamig_tui.authoring.drift import Drift
    from schemamig_tui.authoring.reversal.rollback import Rollback
    from schemamig_tui.connect import Identity
    from schemamig_tui.docs.compare import Validated
    from schemamig_tui.docs.files import Generated
    from schemamig_tui.engine import Migration, Script, Status
    from schemamig_tui.engine.backfill.preview import BatchesPreview
    from schemamig_tui.engine.events import Event, Listener
    from schemamig_tui.engine.ledger.repairs import Repair
    from schemamig_tui.engine.ledger.rows import LedgerRow
    from schemamig_tui.rehearsal.events import RehearsalEvent, RehearsalListener
    from schemamig_tui.settings.shown import ShownSetting


class JsonLines:
    """The ``Reporter`` for programs."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def _write(self, event: str, **values: Any) -> None:  # noqa: ANN401  # whatever JSON can hold
        # In ASCII it is UTF-8 whatever the locale says, and harmless on a terminal.
        self._out.write(json.dumps({"event": event, **values}))

    def connecting(self, route: str, passed_over: Sequence[tuple[str, str]]) -> None:
        """An event ``connecting``."""
        places = [{"place": place, "reason": reason} for place, reason in passed_over]
        self._write("connecting", route=route, passed_over=places)

    def connected(self, database: "Identity") -> None:
        """An event ``connected``."""
        values = asdict(database)
        location = values.pop("location")
        self._write("connected", **values, **location)

    def waiting(self, seconds_left: float, reason: str) -> None:
        """An event ``waiting``, for every try."""
        self._write("waiting", seconds_left=round(seconds_left, 3), reason=reason)

    def warning(self, message: str) -> None:
        """An event ``warning``."""
        self._write("warning", message=message)

    def error(self, error: SchemamigError) -> None:
        """An event ``error``."""
        place: dict[str, Any] = {}
        if isinstance(error, FilesError):
            place = {"path": str(error.path), "line": error.line, "column": error.column}
        code = int(error.exit_code)
        self._write("error", message=error.message, hint=error.hint, exit_code=code, **place)

    def listed(self, status: "Status") -> None:
        """An event ``migration`` for each, and ``status``."""
        for migration in status.migrations:
            self._migration(migration)
        self._status(status)

    def checked(self, status: "Status") -> None:
        """An event ``migration`` for each that is not as it should be, and ``status``."""
        for migration in status.migrations:
            if migration.state != "applied" or migration.changed or migration.missing:
                self._migration(migration)
        self._status(status)

    def _migration(self, migration: "Migration") -> None:
        row = migration.row
        self._write(
            "migration",
            name=migration.name,
            state=migration.state,
            changed=migration.changed,
            missing=migration.missing,
            unwritten=migration.unwritten,
            written_since=migration.written_since,
            batches_done=migration.batches_done,
            applied_at=_moment(row.applied_at) if row else None,
            checksum=row.checksum if row else None,
            execution_time_ms=row.execution_time_ms if row else None,
            error_message=row.error_message if row else None,
        )

    def _status(self, status: "Status") -> None:
        self._write(
            "status",
            applied=len(status.applied),
            pending=len(status.pending),
            failed=len(status.failed),
            unknown=len(status.unknown),
            changed=len(status.changed),
            missing=len(status.missing),
        )

    def plan_started(self, status: "Status", to: str | None, total: int) -> None:
        """An event ``plan_started``."""
        self._write("plan_started", total=total)

    def planned(
        self, migration: "Migration", script: "Script", *, done: int, with_sql: bool
    ) -> None:
        """An event ``file_planned``."""
        sql = {}
        if with_sql:
            sql["sql"] = [
                {"line": script.line(i), "text": script.sql(i).decode(errors="backslashreplace")}
                for i in range(len(script))
            ]
        self._write(
            "file_planned",
            name=migration.name,
            path=str(script.file.path),
            size=script.file.size,
            mode=script.mode,
            reason=script.reason,
            statements=len(script),
            failed_before=migration.state == "failed",
            written_since=migration.written_since,
            resumed=done,
            warnings=[{"line": it.line, "message": it.message} for it in script.warnings],
            **sql,
        )

    def previewed(self, name: str, preview: "BatchesPreview") -> None:
        """An event ``batches_planned``."""
        self._write("batches_planned", name=name, **asdict(preview))

    def advised(self, advice: "Iterable[Advice]") -> None:
        """An event ``advice`` for each."""
        for item in advice:
            self._write(
                "advice",
                severity=item.severity,
                message=item.message,
                hint=item.hint,
                name=item.file,
                line=item.line,
            )

    def plan_ended(self, planned: int, refused: int) -> None:
        """An event ``plan_finished``."""
        self._write("plan_finished", planned=planned, refused=refused)

    def saved(self, path: Path) -> None:
        """An event ``plan_saved``."""
        self._write("plan_saved", path=str(path))

    def created(self, path: Path) -> None:
        """An event ``migration_created``."""
        self._write("migration_created", name=path.name, path=str(path))

    def drafted(self, rollback: "Rollback") -> None:
        """An event ``rollback_drafted``."""
        from schemamig_tui.headless.draft_report import values

        self._write("rollback_drafted", **values(rollback))

    def drifted(self, migration: "Migration", drift: "Drift | None") -> None:
        """An event ``drift``."""
        version = drift.version if drift else None
        self._write(
            "drift",
            name=migration.name,
            changed=drift is not None,
            only_comments=drift.only_comments if drift else None,
            commit=version and version.commit._asdict(),
            changed_by=version and version.changed_by and version.changed_by._asdict(),
            diff=list(drift.lines()) if drift else [],
        )

    def compared(self, compared: "BranchComparison") -> None:
        """An event ``finding`` for each, and ``compared`` at the end."""
        for finding in compared.findings:
            self._write("finding", name=finding.name, problem=finding.problem)
        self._write(
            "compared",
            ref=compared.ref,
            last=compared.last,
            new=list(compared.new),
            findings=len(compared.findings),
        )

    def reading_schema(self) -> None:
        """An event ``docs_started``."""
        self._write("docs_started")

    def documented(self, generated: "Generated") -> None:
        """An event ``docs_generated``."""
        document = generated.document
        self._write(
            "docs_generated",
            path=str(generated.path),
            state=generated.state,
            tables=len(document.tables),
            enums=len(document.enums),
            foreign_keys=len(document.refs),
            in_notes=document.beyond,
            left_out=document.left_out,
            lost=list(generated.lost),
        )

    def validated(self, validated: "Validated") -> None:
        """An event ``docs_difference`` for each, and ``docs_validated`` at the end."""
        for difference in validated.differences:
            self._write("docs_difference", **asdict(difference))
        count = len(validated.differences)
        self._write("docs_validated", path=str(validated.path), differences=count)

    def repaired(self, repairs: "Sequence[Repair]") -> None:
        """An event ``repaired`` for each."""
        for name, before, after in repairs:
            self._write("repaired", name=name, before=_row(before), after=_row(after))

    def settings_shown(self, settings: "Sequence[ShownSetting]") -> None:
        """An event ``setting`` for each."""
        for setting in settings:
            self._write("setting", **setting._asdict())

    def run(self, directory: Path, to: str | None, warn_after: float | None) -> "Listener":
        """An event for each of the run's; the last one names the files that were slow."""
        slow: list[str] = []

        def listen(event: "Event") -> None:
            name, values = as_json(event)
            if name == "file_applied" and values["ms"] > 1000 * (warn_after or math.inf):
                slow.append(values["name"])
            elif name == "run_finished":
                values["slow"] = slow
            self._write(name, **values)

        return listen

    def rehearsal(self, directory: Path, to: str | None) -> "RehearsalListener":
        """An event for each of the rehearsal's."""
        return self._event

    def _event(self, event: "RehearsalEvent") -> None:
        name, values = as_json(event)
        self._write(name, **values)


def _moment(applied_at: datetime | str | None) -> str | None:
    return applied_at.isoformat() if isinstance(applied_at, datetime) else applied_at


def _row(row: "LedgerRow | None") -> dict[str, Any] | None:
    if row is None:
        return None
    values = asdict(row)
    del values["filename"]
    return {**values, "applied_at": _moment(row.applied_at)}
