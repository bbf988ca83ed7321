"""Targets that are protected or read-only, from the command line."""

import pytest

from tests.headless.conftest import Ended, Program

COMMANDS = (
    ("--apply",),
    ("--mark-applied", "0001_a.sql"),
    ("--baseline", "0001_a.sql"),
    ("--forget", "0001_a.sql"),
    ("--accept-checksum", "0001_a.sql"),
    ("--accept-name", "0001_a.sql"),
    ("--adopt", "sqlx", "--dir", "theirs"),
)


@pytest.fixture
def targets(program: Program) -> Program:
    """A protected target, and one that is read-only, of the same database."""
    program.write("0001_a.sql", "CREATE TABLE a ();")
    program.folder.joinpath("schemamig.toml").write_text(
        '[targets.live]\ndsn = "${LIVE_URL}"\nprotected = true\n'
        '[targets.look]\ndsn = "${LIVE_URL}"\nread-only = true\n'
    )
    program.folder.joinpath(".env").write_text(f"LIVE_URL={program.environ['SCHEMAMIG_DSN']}\n")
    return program


def of(program: Program, *arguments: str) -> Ended:
    return program("--env-file", ".env", *arguments, SCHEMAMIG_DSN="host=nowhere.invalid")


def test_a_protected_target_is_written_to_only_where_its_name_is_given(targets: Program) -> None:
    for command in COMMANDS:
        refused = of(targets, "--target", "live", *command)
        assert (refused.code, refused.err) == (
            2,
            "error: the target live is protected\nhint: if it is meant, add --yes live\n",
        )
    assert of(targets, "--target", "live", "--rehearse").code == 0
    applied = of(targets, "--target", "live", "--apply", "--yes", "live")
    assert applied.code == 0
    assert "from schemamig.toml: [targets.live] dsn\n" in applied.err
    assert of(targets, "--target", "live", "--check").code == 0


def test_a_read_only_target_is_never_written_to(targets: Program) -> None:
    for command in COMMANDS:
        refused = of(targets, "--target", "look", "--yes", "look", *command)
        assert (refused.code, refused.err.splitlines()[0]) == (
            2,
            "error: the target look is read-only",
        )
    assert of(targets, "--target", "look", "--check").code == 5
    targets.folder.joinpath("theirs").mkdir()
    targets.folder.joinpath("theirs/1_b.sql").write_text("SELECT 1;")
    seen = of(targets, "--target", "look", "--adopt", "sqlx", "--dir", "theirs", "--dry-run")
    assert (seen.code, seen.out.splitlines()[-1]) == (
        0,
        "1 file would be written, 0 would be recorded as applied, 1 pending",
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--target", "live", "--yes", "lives"), "--yes says lives, and the target is live"),
        (("--yes", "live"), "--yes says live, and no target is chosen"),
        (("--target", "life"), "--target: there is no target life\nhint: Did you mean live?"),
    ],
)
def test_a_name_that_is_not_the_targets_is_refused(
    targets: Program, arguments: tuple[str, ...], error: str
) -> None:
    refused = of(targets, "--apply", *arguments)
    assert (refused.code, refused.err) == (2, f"error: {error}\n")


def test_variables_of_a_file_are_those_of_libpq_too(targets: Program) -> None:
    targets.folder.joinpath(".env").write_text("PGAPPNAME=x\nDATABASE_URL=host=nowhere.invalid\n")
    ended = of(targets, "--list", "--connection", "environment")
    assert ended.code == 3
    assert "DATABASE_URL" in ended.err


def test_every_setting_is_shown_with_its_source_and_without_a_secret(targets: Program) -> None:
    targets.folder.joinpath(".env").write_text(
        "LIVE_URL=postgresql://app:geheim@nowhere.invalid/app\nPGPASSWORD=geheim\nPGPORT=5433\n"
    )
    options = ("--show-settings", "--target", "live", "--wait", "2")
    ended = of(targets, *options, "--json")
    settings = {event["name"]: (event["value"], event["source"]) for event in ended.events}
    assert (
        settings.items()
        >= {
            "target": ("live", "--target"),
            "dsn": (
                "postgresql://app:***@nowhere.invalid/app",
                "schemamig.toml: [targets.live] dsn",
            ),
            "protected": ("true", "schemamig.toml: [targets.live] protected"),
            "wait": ("2 s", "--wait"),
            "warn-after": ("30 s", "default"),
            "table": ("kb.schema_migrations", "default"),
            "template": (None, "default"),
            "PGPASSWORD": ("***", ".env"),
            "PGPORT": ("5433", ".env"),
        }.items()
    )
    text = of(targets, *options)
    assert (text.code, text.err, "geheim" in text.out + ended.out) == (0, "", False)
    row = next(line for line in text.out.splitlines() if line.startswith("wait "))
    assert row.split() == ["wait", "2", "s", "--wait"]
