"""Decides which files wait for others: for required files, and for batches that are not done.

A file that drops, renames, retypes or empties what batches work on waits for the batches as if it
required them: otherwise they would fail, or do half of their work on something else.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from schemamig_tui.engine.run.plan import PlannedFile
from schemamig_tui.engine.script.script import Script
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.batch_options import Batches, RangeBatches, RepeatedBatches
from schemamig_tui.sql.removals import Removal, mentions, removals, uses
from schemamig_tui.sql.words import Name
from schemamig_tui.text import visible


def unmet(
    files: Sequence[PlannedFile], applied: Collection[str], known: Collection[str]
) -> Iterator[FilesError]:
    """An error for each required file that will not be applied when the file that requires it runs.

    ``applied`` are the files that the ledger has as a success, ``known`` those in the folder.
    """
    before = set(applied)
    for file in files:
        for line, name in file.script.required:
            if name not in before:
                yield _unmet(file, line, name, is_known=name in known)
        before.add(file.name)


def _unmet(file: PlannedFile, line: int, name: str, *, is_known: bool) -> FilesError:
    shown = visible(name)
    if is_known:
        message = f"It requires {shown}, which is not applied, and would not be before it."
        hint = f"Apply {shown} first, or give this file a name that sorts behind it."
    else:
        message = f"It requires {shown}, and there is no such migration."
        hint = "Write the name of the file as it is in the folder."
    return FilesError(message, path=file.script.file.path, line=line, hint=hint)


def refused(file: PlannedFile, reason: str) -> FilesError:
    """The error that a file which is to run by itself has to wait."""
    return FilesError(
        f"It has to wait: {reason}.",
        path=file.script.file.path,
        hint="--apply without --only runs all files in an order that can be.",
    )


def left_out(
    files: Sequence[PlannedFile], first: Mapping[str, str], beside: Sequence[PlannedFile] = ()
) -> dict[str, str]:
    """Which of ``files`` cannot run, each with the reason, if those in ``first`` do not run.

    ``beside`` are files whose batches are under way, and that do not run now.
    """
    out = dict(first)
    batched = [file for file in files if file.script.batched]
    for file in files:
        undone = [*beside, *(other for other in batched if _is_undone(other, file, out))]
        if file.name not in out and (reason := next(_reasons(file, out, undone), None)):
            out[file.name] = reason
    return out


def _is_undone(batches: PlannedFile, file: PlannedFile, out: Collection[str]) -> bool:
    """Whether ``batches``, some of which are done, are unfinished when ``file`` runs.

    A file that sorts before them may change whatever it wants as long as no batch is done.
    """
    if file.name.encode() < batches.name.encode():
        return batches.left_off is not None
    return file is not batches and batches.name in out


def _reasons(
    file: PlannedFile, out: Collection[str], undone: Sequence[PlannedFile]
) -> Iterator[str]:
    for _, name in file.script.required:
        if name in out:
            yield f"it requires {visible(name)}"
    for other in undone:
        for line, removal in _conflicts(file.script, other.script):
            yield (
                f"{removal.what} in line {line} takes away what the batches of"
                f" {visible(other.name)} work on"
            )


def _conflicts(script: Script, batches: Script) -> Iterator[tuple[int, Removal]]:
    """Each removal in a file, with its line, of something that batches of another file work on."""
    for i in range(len(script)):
        for removal in removals(script.sql(i)):
            if any(_hits(removal, batches, number) for number in batches.batched):
                yield script.line(i), removal
    script.release()
    batches.release()


def _hits(removal: Removal, script: Script, number: int) -> bool:
    batched = script.batched[number]
    asked, name = batched.asked, removal.name
    sql = b" ".join([script.sql(number), *(query.encode() for query in _queries(asked))])
    tables = [table for table in (asked.table, batched.head.target) if table is not None]
    if not name.name:
        schema = name.schema or ""
        return mentions(sql, schema) or any(table.schema == schema for table in tables)
    key = asked.key if isinstance(asked, RangeBatches) else ()
    if any(name.may_be(table) for table in tables):
        return removal.column is None or removal.column in key or uses(sql, removal.column)
    if any(name.name == table.name for table in tables):
        return False
    if mentions(sql, name.name):
        return removal.column is None or uses(sql, removal.column)
    return any(_may_be_index(name, table, key) for table in tables)


def _queries(asked: Batches) -> Iterator[str]:
    """The queries of a directive."""
    yield asked.check or ""
    if isinstance(asked, RepeatedBatches):
        yield asked.remaining or ""


def _may_be_index(name: Name, table: Name, key: Sequence[str]) -> bool:
    """Whether a name may be that of the index of a key, by the server's way of naming."""
    if name.schema is not None and table.schema is not None and name.schema != table.schema:
        return False
    is_primary = name.name == f"{table.name}_pkey"
    return is_primary or (bool(key) and all(part in name.name for part in (table.name, *key)))
