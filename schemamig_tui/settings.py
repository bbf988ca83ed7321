"""What the user asked for: flags > environment > pyproject.toml > defaults."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Connection = Literal["auto", "docker", "environment"]


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

    dsn: str | None = field(default=None, repr=False)
    """A libpq connection string or URI. Not in the repr: it may hold a password."""

    embedded: Path | None = None
    """The folder of the private PostgreSQL to use."""

    wait: float = 0.0
    """How long to wait for a server that does not answer yet."""

    lock_timeout: float | None = None
    """How long a statement, or the run itself, waits for a lock; None waits as long as it takes."""

    color: bool = True
    """Whether text output to a terminal may have colour."""
