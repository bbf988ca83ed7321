"""Reports writes to the catalogs that no snapshot can show."""

from collections.abc import Iterable, Iterator, Mapping, Set

from schemamig_tui.catalog.changes import Change, What
from schemamig_tui.catalog.kinds import KINDS, PARTS
from schemamig_tui.catalog.queries.touched import CATALOGS

_SHOWN = frozenset(
    {catalog for kind in (*KINDS.values(), *PARTS.values()) for catalog in kind.catalogs} | CATALOGS
)
# They follow from what is shown, or are about the data.
_NO_SCHEMA = frozenset(
    {"pg_depend", "pg_shdepend", "pg_init_privs", "pg_statistic", "pg_statistic_ext_data"}
)
# Of these something is hidden: from every role (passwords), or from all but some; or it is about
# another database. What is shown then has one of these words for its kind.
_SHOWN_IN_PART: Mapping[str, Set[str]] = {
    "pg_authid": {"role"},
    "pg_database": {"database"},
    "pg_db_role_setting": {"database", "role", "settings", "settings of role"},
    "pg_shdescription": {"database", "role", "tablespace"},
    "pg_subscription": {"subscription"},
    "pg_user_mapping": {"user mapping"},
}


def unseen(
    written: Iterable[str], extensions: Iterable[str], changes: Iterable[Change]
) -> Iterator[Change]:
    """A change for each of the ``written`` catalogs that none of the ``changes`` speaks of.

    So with ``extensions`` to whose objects something was done: these are no part of a snapshot.
    """
    shown = {(change.kind, change.name) for change in changes}
    kinds = {kind for kind, _ in shown}
    if "privileges" not in kinds:
        for name in sorted(extensions):
            if ("extension", name) not in shown:
                yield Change(what=What.UNSEEN, kind="extension", name=name)
    for catalog in sorted(written):
        if words := _SHOWN_IN_PART.get(catalog):
            is_unseen = kinds.isdisjoint(words)
        else:
            is_unseen = catalog not in _SHOWN and catalog not in _NO_SCHEMA
        if is_unseen:
            yield Change(what=What.UNSEEN, kind="catalog", name=catalog)
