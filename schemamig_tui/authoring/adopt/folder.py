"""Reads the folder of another tool into plain migrations with names of ours."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from schemamig_tui.authoring.adopt.names import Version, our_names
from schemamig_tui.authoring.adopt.tools import Tool
from schemamig_tui.errors import FilesError
from schemamig_tui.file_access import content_of, unreadable
from schemamig_tui.sql.ways_up import NoWayUp, WayUp, way_up, without_transaction
from schemamig_tui.text import some_names

_CONF_SAYS_NO_TRANSACTION = "executeintransaction=false"


class TheirFile(NamedTuple):
    """A migration of another tool: where it is, what its ledger holds of it, and our name for it.

    ``content`` are the bytes that it has there, ``up`` is what becomes of them.
    """

    path: Path
    key: str
    version: Version
    name: str
    content: bytes
    up: WayUp


@dataclass(frozen=True)
class TheirFolder:
    """The migrations of a folder in the order of the tool, and warnings about what stays there."""

    files: tuple[TheirFile, ...]
    warnings: tuple[str, ...]


def usual_folder(tool: Tool, ours: Path) -> tuple[Path, int] | None:
    """Where a tool has its migrations unless it is configured, and how many there are.

    None: it has no such place, there is none of its migrations, or it is ``ours``, the folder of
    our own ones. Raises nothing.
    """
    try:
        if tool.folder is None or Path(tool.folder).resolve() == ours.resolve():
            return None
        found = _matches(tool, _paths(tool, Path(tool.folder)))
    except OSError:
        return None
    return (Path(tool.folder), len(found)) if found else None


def read_their_folder(tool: Tool, directory: Path) -> TheirFolder:
    """Read the folder of ``tool``.

    Raises FilesError where it cannot be read, has no migration, or has one that cannot become a
    plain file, such as a program.
    """
    try:
        paths = _paths(tool, directory)
    except OSError as error:
        raise FilesError(
            f"This folder cannot be read: {error.strerror}.",
            path=directory,
            hint=f"Name the folder of {tool.name} with --dir.",
        ) from error
    if code := next((path for path in paths if tool.code and tool.code.fullmatch(path.name)), None):
        raise FilesError(
            f"This migration of {tool.name} is a program, and only SQL can be taken over.",
            path=code,
            hint="Write what it does as a file of SQL under the same name and version.",
        )
    matches = _matches(tool, paths)
    if not matches:
        raise FilesError(
            f"There is no migration of {tool.name} in this folder.",
            path=directory,
            hint=f"Name the folder of {tool.name} with --dir.",
        )
    ordered = sorted(
        ((tool.version(match["version"]), tool.key(match), path, match) for path, match in matches),
        key=lambda one: (one[0], os.fsencode(one[2].name)),
    )
    _refuse_same_versions(tool, [(key, path) for _, key, path, _ in ordered])
    names = our_names([(version, match["title"]) for version, _, _, match in ordered])
    files = tuple(
        TheirFile(path, key, version, name, *_read(tool, path))
        for (version, key, path, _), name in zip(ordered, names, strict=True)
    )
    return TheirFolder(files, tuple(_warnings(tool, paths)))


def _paths(tool: Tool, directory: Path) -> list[Path]:
    """The files in the folder, and those in folders within it. Raises OSError."""

    def refuse(error: OSError) -> None:
        raise error  # os.walk passes over a folder that it may not read

    found = []
    for folder, folders, names in os.walk(directory, onerror=refuse):
        if not tool.sub_folders:
            folders.clear()
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.is_file())


def _matches(tool: Tool, paths: list[Path]) -> list[tuple[Path, re.Match[str]]]:
    """The files that are migrations of the tool, with the groups of their names."""
    return [
        (path, match)
        for path in paths
        if not (tool.passed_over and tool.passed_over.fullmatch(path.name))
        and (match := tool.files.fullmatch(path.name))
    ]


def _refuse_same_versions(tool: Tool, files: list[tuple[str, Path]]) -> None:
    """Raise FilesError for the second of two files with the same key in the ledger of the tool."""
    seen: dict[str, Path] = {}
    for key, path in files:
        if key in seen:
            raise FilesError(
                f"This has the version of {seen[key].name}, and {tool.name} takes only one.",
                path=path,
                hint="Rename one of them, or move it out of the folder.",
            )
        seen[key] = path


def _warnings(tool: Tool, paths: list[Path]) -> list[str]:
    repeated = [path.name for path in paths if tool.repeated and tool.repeated.fullmatch(path.name)]
    if not repeated:
        return []
    return [
        f"Not taken over, because a migration runs once here, and from the first one on:"
        f" {some_names(repeated)}. Write a migration with what is to be kept of them."
    ]


def _read(tool: Tool, path: Path) -> tuple[bytes, WayUp]:
    content = content_of(path)
    conf = path.with_name(f"{path.name}.conf")
    try:
        options = conf.read_text("utf-8", "replace") if conf.is_file() else ""
        up = way_up(tool.name, content)
    except OSError as error:
        raise unreadable(conf, error) from None
    except NoWayUp as error:
        raise FilesError(
            f"This cannot become a plain file: {error}.",
            path=path,
            line=error.line,
            hint="Change the file, or a copy of the folder.",
        ) from error
    lines = ("".join(line.split()).casefold() for line in options.splitlines())
    if tool.name == "Flyway" and _CONF_SAYS_NO_TRANSACTION in lines:
        up = without_transaction(up)
    return content, up
