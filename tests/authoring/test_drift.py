"""What has changed since it was applied: found in real git repositories."""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemamig_tui.authoring.drift import Drift, drift_of, only_comments
from schemamig_tui.authoring.git import GitUnavailable, Repository
from schemamig_tui.authoring.versions import find_versions
from schemamig_tui.engine import LedgerRow, Migration, compare, scan
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.fingerprint import same_tokens


@dataclass
class History:
    """A git repository with a folder of migrations."""

    root: Path
    commits: int = 0

    @property
    def folder(self) -> Path:
        """The folder of the migrations."""
        return self.root / "db" / "migrations"

    def git(self, *arguments: str) -> str:
        """Run git."""
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        return subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def write(self, text: str, name: str = "1.sql") -> str:
        """Write a file; returns its checksum."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(text.encode())
        return hashlib.md5(text.encode()).hexdigest()

    def commit(self, text: str, name: str = "1.sql", subject: str | None = None) -> str:
        """Write and commit a file; returns its checksum."""
        checksum = self.write(text, name)
        self.git("add", "-A")
        self.commits += 1
        self.git("commit", "-qm", subject or f"Commit {self.commits}")
        return checksum

    def applied(self, checksum: str, name: str = "1.sql") -> Migration:
        """The migration, recorded with this checksum."""
        row = LedgerRow(name, None, checksum, 1, True, None)
        (migration,) = compare(scan(self.folder), [row]).applied
        return migration

    def drift(self, checksum: str) -> Drift:
        """What has changed in it."""
        drift = drift_of(self.applied(checksum))
        assert drift is not None
        return drift


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    """An empty repository."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    history = History(tmp_path)
    history.git("init", "-q", "-b", "main")
    return history


def test_the_version_that_was_applied_is_found_with_the_commit_that_changed_it(
    history: History,
) -> None:
    history.commit("SELECT 1;\n", subject="First")
    applied = history.commit("SELECT 2;\n", subject="As applied")
    history.commit("SELECT 3;\n", subject="The change, by \x1b[31mmistake")
    history.commit("SELECT 4;\n", subject="Another one")
    drift = history.drift(applied)
    assert drift.version.text == b"SELECT 2;\n"
    assert drift.version.commit.subject == "As applied"
    changed_by = drift.version.changed_by
    assert changed_by is not None
    assert "by Ada: The change, by \\x1B[31mmistake" in str(changed_by)
    assert list(drift.lines()) == [
        "--- 1.sql as applied",
        "+++ 1.sql now",
        "@@ -1,2 +1,2 @@",
        "-SELECT 2;",
        "+SELECT 4;",
        " ",
    ]


def test_a_change_that_is_not_committed_has_no_commit(history: History) -> None:
    applied = history.commit("SELECT 1;\n")
    history.write("SELECT 2;\n")
    assert history.drift(applied).version.changed_by is None


def test_the_version_is_found_where_the_folder_was_another_one(history: History) -> None:
    applied = history.commit("SELECT 1;\n")
    history.git("mv", "db", "database")
    history.git("commit", "-qm", "Move")
    (history.root / "database" / "migrations").rename(history.root / "sql")
    history.root.joinpath("db").mkdir()
    (history.root / "sql").rename(history.folder)
    history.commit("SELECT 2;\n")
    assert history.drift(applied).version.text == b"SELECT 1;\n"


def test_the_version_is_found_on_a_branch_that_was_never_merged(history: History) -> None:
    history.commit("SELECT 1;\n")
    history.git("checkout", "-qb", "feature")
    applied = history.commit("SELECT 2;\n", subject="On the branch")
    history.git("checkout", "-q", "main")
    history.commit("SELECT 3;\n")
    assert history.drift(applied).version.commit.subject == "On the branch"


@pytest.mark.parametrize("name", ["a b.sql", "ü[1]*?.sql", "-x.sql", "\\.sql", 'q"q.sql'])
def test_any_name_is_found(name: str, history: History) -> None:
    applied = history.commit("SELECT 1;\n", name)
    history.commit("SELECT 2;\n", name)
    history.commit("SELECT 1;\n", "other.sql")
    (found,) = find_versions(Repository.of(history.folder), {name: applied}).items()
    assert found[0] == name
    assert found[1].text == b"SELECT 1;\n"


def test_line_ends_that_git_has_changed_do_not_matter(history: History) -> None:
    history.commit("SELECT 1;\nSELECT 2;\n")
    applied = hashlib.md5(b"SELECT 1;\r\nSELECT 2;\r\n").hexdigest()
    history.commit("SELECT 3;\n")
    assert history.drift(applied).version.text == b"SELECT 1;\nSELECT 2;\n"


def test_the_version_is_found_by_an_md5_in_upper_case(history: History) -> None:
    applied = history.commit("SELECT 1;\n")
    history.commit("SELECT 2;\n")
    assert history.drift(applied.upper()).version.text == b"SELECT 1;\n"


def test_what_has_not_changed_has_no_drift(history: History) -> None:
    applied = history.commit("SELECT 1;\n")
    assert drift_of(history.applied(applied)) is None
    history.write("SELECT 1;\r\n")
    assert drift_of(history.applied(applied)) is None


def test_where_no_text_was_kept_it_says_so(history: History) -> None:
    history.commit("SELECT 1;\n")
    with pytest.raises(FilesError, match="no commit has a version of it with this checksum"):
        history.drift("0" * 32)


def test_without_a_repository_it_says_so(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.write("SELECT 1;\n")
    with pytest.raises(FilesError, match="MD5 only, and the folder is in no git repository"):
        history.drift("0" * 32)


def test_without_git_it_says_so(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.write("SELECT 1;\n")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(FilesError, match="git is not installed"):
        history.drift("0" * 32)


def test_a_repository_without_commits_has_no_version(history: History) -> None:
    history.write("SELECT 1;\n")
    with pytest.raises(GitUnavailable):
        find_versions(Repository.of(history.folder), {"1.sql": "0" * 32})
    with pytest.raises(FilesError, match="is not known"):
        history.drift("0" * 32)


def test_that_only_comments_have_changed_is_told(history: History) -> None:
    comments = history.commit("-- old\nSELECT 1;\n", "1.sql")
    statements = history.commit("SELECT 1;\n", "2.sql")
    history.write("/* new */ SELECT\n    1;\n", "1.sql")
    history.write("SELECT 2;\n", "2.sql")
    changed = [history.applied(comments, "1.sql"), history.applied(statements, "2.sql")]
    assert only_comments(changed) == ("Only comments have changed since it was applied: 1.sql.",)
    assert only_comments(changed[1:]) == ()
    assert only_comments([]) == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SELECT 1; -- a", "/* b */ SELECT\t1 ;", True),
        ("\ufeffSELECT 1;\r\n", "SELECT 1;\n", True),
        ("SELECT 'a  b'", "SELECT 'a b'", False),
        ("SELECT 1", "select 1", False),
        ("SELECT a<>b", "SELECT a < > b", False),
        ("SELECT a <> b", "SELECT a<>b", True),
        ("SELECT 'a'\n'b'", "SELECT 'a' 'b'", False),
        ("DO $$ BEGIN /* a */ END $$", "DO $$ BEGIN END $$", False),
        ("SELECT 1;", "-- schemamig: no-transaction\nSELECT 1;", False),
        ("COPY t FROM stdin;\na\tb\n\\.\n", "COPY t FROM stdin;\na b\n\\.\n", False),
        ("SELECT 1; SELECT 2", "SELECT 1;", False),
        ("", "-- a", True),
    ],
)
def test_only_what_the_server_does_not_see_is_no_change(one: str, other: str, same: bool) -> None:
    assert same_tokens(one.encode(), other.encode()) is same


def test_what_nobody_has_asked_for_does_not_wait_for_git(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    comments = history.commit("-- old\nSELECT 1;\n")
    history.write("-- new\nSELECT 1;\n")
    monkeypatch.setattr("schemamig_tui.authoring.drift.PATIENCE", 0.0)
    assert only_comments([history.applied(comments)]) == ()
