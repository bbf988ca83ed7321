"""Every setting of the program as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from schemamig_tui.limits import REHEARSAL_LOCK, REHEARSAL_STATEMENT, Limits, RehearsalLimits

Connection = Literal["auto", "docker", "environment"]
LintLevel = Literal["note", "warning", "error"]
HeaderColor = Literal["red", "yellow", "green", "blue", "magenta", "cyan"]
DateStyle = Literal["YYYYMMDD", "YYYY-MM-DD", "NNNN"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the program, resolved. Times are seconds."""

    directory: Path = Path("migrations")
    """The folder with the migrations."""

    table: str = "kb.schema_migrations"
    """The ledger, as ``schema.table``."""

    connection: Connection = "auto"
    """Where to look for the database when neither ``dsn`` nor ``embedded`` says it."""

    container: str = "spec_pg"
    """The Docker container that ``auto`` and ``docker`` look for."""

    start_container: bool = False
    """Whether to start that container if it is stopped, or to go on with it if it is paused."""

    dsn: str | None = field(default=None, repr=False)
    """A libpq connection string or URI. Not in the repr: it may hold a password."""

    embedded: Path | None = None
    """The folder of the private PostgreSQL to use."""

    wait: float = 0.0
    """How long to wait for a server that does not answer yet."""

    lock_timeout: float | None = None
    """How long a statement waits for a lock; 0 is as long as it takes. With None role and database
    decide, and a rehearsal has a limit of its own."""

    lock_retries: int = 0
    """How often a migration is tried again that could not get a lock in time."""

    run_lock_timeout: float | None = None
    """How long to wait for another run; None waits as long as it takes."""

    max_blocking: float | None = None
    """How long other sessions may wait behind a statement, which is then cancelled."""

    pause_file: Path | None = None
    """While it is there, statements that run in batches wait."""

    statement_timeout: float | None = None
    """How long a statement may take; 0 is as long as it takes. None is as for ``lock_timeout``."""

    warn_after: float | None = 30.0
    """How long a migration may take before the summary of a run marks it; None marks none."""

    time_budget: float | None = None
    """How long a file may take in a rehearsal, or hold ACCESS EXCLUSIVE; None is no limit."""

    advice_timeout: float | None = 2.0
    """How long a question of the dry run about rows may take; None is as long as it takes."""

    log_file: Path | None = None
    """The file to which every event of every run is appended."""

    on_success: str | None = field(default=None, repr=False)
    """The command of the shell after a run that went well. It may hold a secret, as a URL does."""

    on_failure: str | None = field(default=None, repr=False)
    """The same after any other run."""

    alert_timeout: float | None = 10.0
    """How long these may take; None is as long as it takes."""

    color: bool = True
    """Whether output to a terminal may have colour."""

    env_file: Path | None = None
    """A file with variables, for those that are not set."""

    target: str | None = None
    """The name of the target that says where the database is."""

    protected: bool = False
    """Whether the target's name has to be given before anything is written to it."""

    header: HeaderColor | None = None
    """The colour in which the header of the UI names the target."""

    read_only: bool = False
    """Whether nothing is ever written to the target."""

    date_style: DateStyle | None = None
    """How the names of new migrations begin; None is as in the newest file."""

    template: Path | None = None
    """What a new migration begins as; None is a template of our own."""

    lint_level: LintLevel = "error"
    """From which severity on a finding counts for the exit code of ``--lint``."""

    rules: Mapping[str, LintLevel | Literal["off"]] = field(default_factory=dict)
    """The severity of findings by the name of their rule, where it is not the usual one."""

    scratch: str = field(default="embedded", repr=False)
    """Where scratch databases are made: ``embedded``, ``server`` (the target's), or a DSN."""

    docs_path: tuple[Path, ...] = (Path("docs/database/schema.dbml"),)
    """The files with the schema of the database: DBML, Markdown or SQL, as each name ends."""

    docs_schema: tuple[str, ...] = ()
    """The schemas that it has; none are all of them."""

    docs_after_apply: bool = False
    """Whether to write these files again when migrations have been applied."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys of the UI that are not the usual ones, by the ids of what they do."""

    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """What ``env_file`` has for variables that are not set; the process takes them over."""

    warnings: tuple[str, ...] = field(default=(), compare=False)
    """What was not used of what was given, in sentences."""

    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Which flag, variable or key has given each field that is not at its default."""

    @property
    def limits(self) -> Limits:
        """The settings that limit how long a run waits."""
        return Limits(
            run_lock=self.run_lock_timeout,
            lock=self.lock_timeout,
            retries=self.lock_retries,
            blocking=self.max_blocking,
            statement=self.statement_timeout,
            pause_file=self.pause_file,
        )

    @property
    def rehearsal_limits(self) -> RehearsalLimits:
        """The settings that limit a rehearsal in the database."""
        return RehearsalLimits(
            run=self.limits,
            statement_timeout=self.rehearsal_statement_timeout,
            time_budget=self.time_budget,
            lock_timeout=self.rehearsal_lock_timeout,
        )

    @property
    def rehearsal_lock_timeout(self) -> float | None:
        """How long a statement waits for a lock in a rehearsal; None is as long as it takes."""
        given = self.lock_timeout
        return REHEARSAL_LOCK if given is None else given or None

    @property
    def rehearsal_statement_timeout(self) -> float | None:
        """How long a statement may take in a rehearsal; None is as long as it takes."""
        given = self.statement_timeout
        return REHEARSAL_STATEMENT if given is None else given or None
