"""Asks git about the folder of the migrations, by its commands; it changes nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from schemamig_tui.errors import ExitCode, SchemamigError
from schemamig_tui.text import visible


class GitUnavailable(SchemamigError):
    """There is no git here, or no repository, or git does not know what was asked for."""

    exit_code = ExitCode.USAGE


class Commit(NamedTuple):
    """A commit: its hash, its author, its day as ``2025-10-19``, and its subject."""

    hash: str
    author: str
    day: str
    subject: str

    def __str__(self) -> str:
        return f"{self.hash[:10]} of {self.day} by {visible(self.author)}: {visible(self.subject)}"


class Edit(NamedTuple):
    """The change of a file by a commit: from the blob ``old`` to the blob ``new``.

    None stands for no file.
    """

    commit: Commit
    name: str
    old: str | None
    new: str | None


_FORMAT = "%x01%H%x00%an%x00%ad%x00%s"
# git compares each path with each pattern: 150 of them took a minute for 5,000 commits. With more
# names than this, all edits of such files are asked for.
_MOST_NAMES = 3
# git sets these for its hooks, where they take the folder that a command runs in for the root.
_OF_HOOKS = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX")
_ENVIRONMENT = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True)
class Repository:
    """The repository that a folder is in; paths are below the folder. All raise GitUnavailable.

    ``patience`` is for how many seconds a command of git may run.
    """

    folder: Path
    patience: float | None = None

    @classmethod
    def of(cls, folder: Path, patience: float | None = None) -> Repository:
        """The repository of an existing folder."""
        found = cls(folder, patience)
        found._run("rev-parse", "--git-dir")
        return found

    @property
    def is_shallow(self) -> bool:
        """Whether it has only the newest commits, as CI fetches them."""
        return self._run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def commit(self, ref: str) -> str:
        """The hash of the commit that a branch, a tag or another name stands for."""
        try:
            answer = self._run(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
            )
        except GitUnavailable:
            raise GitUnavailable(
                f"git knows no {visible(ref)}",
                hint="name a branch, a tag or a commit; git fetch gets those of the server",
            ) from None
        return answer.decode().strip()

    def merge_base(self, commit: str) -> str:
        """Where the history of HEAD and that of a commit part; the commit itself if nowhere."""
        try:
            return self._run("merge-base", commit, "HEAD").decode().strip()
        except GitUnavailable:
            return commit

    def files(self, commit: str) -> dict[str, str]:
        """The blobs of the files directly in the folder, by name, as a commit has them."""
        listed = self._run("ls-tree", "-z", commit, "./")
        found = {}
        for entry in listed.split(b"\0"):
            head, _, path = entry.partition(b"\t")
            kind = head.split()
            if len(kind) == 3 and kind[1] == b"blob":
                found[os.fsdecode(path).rpartition("/")[2]] = kind[2].decode()
        return found

    def left_out(self) -> set[str]:
        """The names of the files of the folder that a sparse checkout leaves out of it."""
        listed = self._run("ls-files", "-t", "-z", "--", "./").split(b"\0")
        return {os.fsdecode(one[2:]) for one in listed if one.startswith(b"S ")}

    def edits(self, names: Sequence[str], *, everywhere: bool) -> Iterator[Edit]:
        """All edits of files of these names, in whatever folder, the newest first; and of others.

        In the history of HEAD, or ``everywhere``: in that of all branches and tags.
        """
        where = ["--all"] if everywhere else ["HEAD"]
        globs = map(_escaped, names) if len(names) <= _MOST_NAMES else ["*.sql"]
        paths = [f":(top,glob)**/{glob}" for glob in globs]
        output = self._run(
            *("log", "--full-history", "--raw", "-z", "--no-abbrev", "--no-renames"),
            *("--date=short", f"--format={_FORMAT}", *where, "--", *paths),
        )
        for entry in output.split(b"\x01")[1:]:
            head, author, day, subject, *changes = entry.split(b"\0")
            commit = Commit(
                head.decode(),
                author.decode(errors="replace"),
                day.decode(),
                subject.decode(errors="replace"),
            )
            meta = None
            for part in changes:
                piece = part.strip(b"\n")
                if meta is None:
                    meta = piece.split() if piece.startswith(b":") else None
                else:
                    name = os.fsdecode(piece).rpartition("/")[2]
                    yield Edit(commit, name, _blob(meta[2]), _blob(meta[3]))
                    meta = None

    def contents(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The content of each of the blobs that git has, all asked for in one go."""
        wanted = list(dict.fromkeys(blobs))
        if not wanted:
            return
        answer = self._run("cat-file", "--batch", text="".join(f"{blob}\n" for blob in wanted))
        position = 0
        while position < len(answer):
            end = answer.index(b"\n", position)
            head = answer[position:end].split()
            position = end + 1
            if len(head) == 3:  # and else it is missing, as in a partial clone
                size = int(head[2])
                yield head[0].decode(), answer[position : position + size]
                position += size + 1

    def _run(self, *arguments: str, text: str | None = None) -> bytes:
        try:
            ended = subprocess.run(
                ["git", "--no-pager", *arguments],
                cwd=self.folder,
                env=_environment(),
                input=text.encode() if text is not None else None,
                stdin=subprocess.DEVNULL if text is None else None,
                capture_output=True,
                check=False,
                timeout=self.patience,
            )
        except FileNotFoundError:
            raise GitUnavailable("git is not installed") from None
        except subprocess.TimeoutExpired:
            raise GitUnavailable("git takes too long") from None
        except OSError as error:
            raise GitUnavailable(f"git cannot be run: {error.strerror}") from error
        if ended.returncode != 0:
            reason = ended.stderr.decode(errors="replace").strip().partition("\n")[0]
            if "not a git repository" in reason:
                raise GitUnavailable("the folder is in no git repository")
            if "dubious ownership" in reason:
                raise GitUnavailable(
                    f"git failed: {visible(reason)}",
                    hint="trust it with git config --global --add safe.directory FOLDER",
                )
            raise GitUnavailable(f"git failed: {visible(reason) or ended.returncode}")
        return ended.stdout


def _environment() -> dict[str, str]:
    environ = {**os.environ, **_ENVIRONMENT}
    if "GIT_WORK_TREE" not in environ:  # which somebody has set on purpose
        for name in _OF_HOOKS:
            environ.pop(name, None)
    return environ


def _blob(name: bytes) -> str | None:
    text = name.decode()
    return None if not text.strip("0") else text


def _escaped(name: str) -> str:
    """The name as a glob that only it matches."""
    return "".join(f"\\{char}" if char in "\\*?[]" else char for char in name)
