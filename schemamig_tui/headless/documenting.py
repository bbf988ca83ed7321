"""``--docs-generate`` and ``--docs-validate``: the schema of the database as a file."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from schemamig_tui.connect import OnWait, Target
from schemamig_tui.documentation import check_files, dbml_of, generate, validate
from schemamig_tui.errors import ConnectionFailed, ExitCode, SchemamigError, SettingsError
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings
from schemamig_tui.settings.values import read_path
from schemamig_tui.text import visible


def document(
    mode: str,
    path: str | None,
    schemas: Sequence[str],
    settings: Settings,
    reporter: Reporter,
    stop: Stop,
) -> ExitCode:
    """Write the files, or compare one with the database; ``path`` may be "" for the usual ones."""
    files = (_file(path),) if path else settings.docs_path
    schemas = schemas or settings.docs_schema
    with (
        _checked_without_database(files),
        connecting(settings, reporter, stop) as (target, on_wait),
    ):
        on_wait = _checking_first(files, on_wait)
        if mode == "docs-generate":
            found = generate(
                target, settings.table, files, schemas, on_wait, reporter.reading_schema
            )
            for generated in found:
                reporter.documented(generated)
            return ExitCode.DONE
        validated = validate(target, dbml_of(files), schemas, on_wait, reporter.reading_schema)
    reporter.validated(validated)
    return ExitCode.CHECK_FAILED if validated.differences else ExitCode.DONE


@contextlib.contextmanager
def _checked_without_database(files: Sequence[Path]) -> Iterator[None]:
    """Report a fault in the files rather than that there is no database to compare them with."""
    try:
        yield
    except ConnectionFailed:
        check_files(files)
        raise


def _checking_first(files: Sequence[Path], on_wait: OnWait) -> OnWait:
    """Check the files as well before anybody waits for the server."""
    check = cache(lambda: check_files(files))

    def checking(seconds_left: float, reason: str) -> None:
        check()
        on_wait(seconds_left, reason)

    return checking


def _file(path: str) -> Path:
    try:
        return read_path(path)
    except ValueError as error:
        raise SettingsError(f"{visible(path)} {error}") from error


def document_run(settings: Settings, reporter: Reporter, target: Target) -> None:
    """Write the usual files behind a run. What the run has done stays done where that fails."""
    try:
        for generated in generate(target, settings.table, settings.docs_path, settings.docs_schema):
            reporter.documented(generated)
    except SchemamigError as error:
        reporter.warning(f"the documentation is not up to date: {error.placed_message}")
