"""A scratch database with the schema of the applied migrations: one is made, or remembered."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from schemamig_tui.connect.target import OnWait, Target
from schemamig_tui.engine import Survey
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.scratch.database import scratch_database
from schemamig_tui.scratch.facts import TargetFacts
from schemamig_tui.scratch.place import ScratchPlace, scratch_place
from schemamig_tui.scratch.replay import (
    Cancelling,
    PlacedChange,
    Progress,
    Replayed,
    plan_from_zero,
    refuse_changes,
    replay,
    shared_changes,
    survey_from_zero,
)
from schemamig_tui.scratch.roles import bring_back
from schemamig_tui.scratch.templates import (
    SchemaVerdict,
    begin_use,
    end_use,
    is_of_others,
    keep,
    sets_for_all,
    template_name,
)
from schemamig_tui.settings import Settings


@dataclass
class ScratchSchema:
    """A scratch database in which the applied migrations have run, as far as they do.

    ``conn`` is a connection to it, ``words`` say where it is. A user that leaves something in it
    has to say that it is not ``clean`` any more. ``verdict`` is the result of the last comparison,
    and is remembered with it.
    """

    target: Target
    conn: psycopg.Connection[Any]
    replayed: Replayed
    words: str
    verdict: SchemaVerdict | None = None
    clean: bool = True


@contextlib.contextmanager
def scratch_schema(
    target: Target,
    settings: Settings,
    found: TargetFacts,
    on_wait: OnWait,
    progress: Progress,
    cancelling: Cancelling,
) -> Iterator[ScratchSchema]:
    """The schema that the migrations make that are applied in ``target``, where settings say.

    Where an earlier run has made the same one, and it is remembered, none of them runs.
    Raises FilesError, SettingsError, LockTimeout, ConnectionFailed and Interrupted.
    """
    # Its own limits: the same for all commands, as what they make is the same.
    settings = replace(
        settings, statement_timeout=settings.rehearsal_statement_timeout or 0, lock_timeout=None
    )
    zero = survey_from_zero(found.survey, found.applied)
    with losses_as_errors(), scratch_place(target, settings, found, on_wait) as place:
        name = _template_name(place, zero) if place.remembers else ""
        template = place.find(name, on_wait) if name else None
        if template:
            bring_back(place.conn, template.roles)
            names = tuple(one.name for one in zero.status.to_run())
            replayed = Replayed(names, None, (), remembered=True)
        else:
            plan = plan_from_zero(zero)
            changes = [*shared_changes(plan)]
            refuse_changes(changes, is_shared=place.is_shared)
            made_roles = {one.change.makes_role for one in changes if one.change.makes_role}
            owner = place.make_roles(made_roles)
            with scratch_database(place.conn, owner) as database:
                # Open all the time, so that no other run takes it for one that was left.
                with _connected(place, database, owner, settings, on_wait) as (made, conn):
                    replayed = replay(plan, made, settings, progress, cancelling)
                    if not name or replayed.failed or not _can_be_kept(place, changes):
                        yield ScratchSchema(made, conn, replayed, place.words)
                        return
                template = place.template(name, owner)
                keep(place.conn, database, template)
        template = begin_use(place.conn, template)
        with _connected(place, name, template.owner, settings, on_wait) as (made, conn):
            schema = ScratchSchema(made, conn, replayed, place.words, template.verdict)
            yield schema
        template = replace(template, verdict=schema.verdict)
        end_use(place.conn, template, clean=schema.clean, private=not place.is_shared)


@contextlib.contextmanager
def _connected(
    place: ScratchPlace, database: str, owner: str | None, settings: Settings, on_wait: OnWait
) -> Iterator[tuple[Target, psycopg.Connection[Any]]]:
    target = place.target(database, owner, settings)
    with contextlib.closing(target.connect(on_wait)) as conn:
        yield target, conn


def _template_name(place: ScratchPlace, zero: Survey) -> str:
    """The name of the template for it; "" where none can be."""
    files = [(one.name, one.file.checksum) for one in zero.status.to_run() if one.file]
    name = template_name(place.conn, *place.facts, zero.ledger.name, files)
    return "" if place.is_shared and is_of_others(place.conn, name) else name


def _can_be_kept(place: ScratchPlace, changes: Iterable[PlacedChange]) -> bool:
    """Whether the files have made nothing outside of their database but roles that can be kept."""
    if place.is_shared:
        return True
    return all(one.change.of_roles for one in changes) and not sets_for_all(place.conn)
