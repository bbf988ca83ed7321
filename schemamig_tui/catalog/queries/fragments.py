"""Pieces of SQL that several queries of a snapshot have in common."""

from typing import NamedTuple

FIRST_OWN_OID = 16384
"""Below are the objects that initdb has made (FirstNormalObjectId in access/transam.h)."""


class Server(NamedTuple):
    """What a query depends on: the major version, and whether it may see everything."""

    major: int
    superuser: bool


def owner(oid: str) -> str:
    """The owner of an object, or another role that a column names."""
    return f"quote_ident(pg_get_userbyid({oid})) AS owner"


def description(catalog: str, oid: str, number: str = "0") -> str:
    """The comment on an object of a catalog, or on its part of that number.

    obj_description() says the same, but as a function of its own for each row. A join would be
    quicker still, or, where the server does not know yet how many comments there are, look at all
    of them for each row.
    """
    return f"""(
        SELECT description FROM pg_description
        WHERE objoid = {oid} AND classoid = '{catalog}'::regclass AND objsubid = {number}
    )"""


def comment(catalog: str, oid: str, number: str = "0", label: str = "comment") -> str:
    """The same as a column of the answer."""
    return f'{description(catalog, oid, number)} AS "{label}"'


def shared_comment(catalog: str, oid: str) -> str:
    """The comment on an object of the whole cluster."""
    return f"""(
        SELECT description FROM pg_shdescription
        WHERE objoid = {oid} AND classoid = '{catalog}'::regclass
    ) AS comment"""


def grants(acl: str, owner: str, kind: str, usual: str = "", owners: str = "") -> str:
    """Of an ACL, what others have, what people usually have, and what was taken from the owner.

    ``kind`` is the letter that acldefault() has for the kind of object. NULL is the default of an
    ACL. ``usual`` are grants that an object has from the beginning, and ``owners`` is the ACL that
    its owner has, where that are not the defaults of the kind.
    """
    usual = usual or _USUAL.format(kind)
    owners = owners or f"acldefault({kind}, {owner})"
    return f"""
    CASE WHEN {acl} IS NULL THEN {usual} ELSE ARRAY(
        SELECT {GRANT} || CASE WHEN grantor <> {owner}
            THEN ' by ' || quote_ident(pg_get_userbyid(grantor)) ELSE '' END
        FROM aclexplode({acl}) WHERE grantee <> {owner} OR is_grantable ORDER BY 1
    ) END AS grants,
    {usual} AS usual_grants,
    CASE WHEN {acl} IS NOT NULL THEN ARRAY(
        SELECT privilege_type FROM aclexplode({owners}) WHERE grantee = {owner}
        EXCEPT SELECT privilege_type FROM aclexplode({acl}) WHERE grantee = {owner} ORDER BY 1
    ) END AS "owner may not\""""


GRANT = """privilege_type || ' to '
            || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
            || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END"""
"""What a row of aclexplode() grants."""
# See the table "Summary of Access Privileges" in the chapter on privileges.
_USUAL = """CASE {} WHEN 'f' THEN ARRAY['EXECUTE to PUBLIC']
        WHEN 'T' THEN ARRAY['USAGE to PUBLIC'] WHEN 'l' THEN ARRAY['USAGE to PUBLIC']
        WHEN 'd' THEN ARRAY['CONNECT to PUBLIC', 'TEMPORARY to PUBLIC'] ELSE '{{}}'::text[] END"""


def of_people(schema: str = "n.nspname") -> str:
    """Whether a schema is neither the server's own nor one of temporary objects."""
    return f"{schema} !~ '^pg_' AND {schema} <> 'information_schema'"


def own(catalog: str, oid: str, types: str = "'e'") -> str:
    """In the schemas of people, and no member of an extension."""
    return f"{of_people()} AND {_no_member(catalog, oid, types)}"


def made(catalog: str, oid: str, types: str = "'e'") -> str:
    """Not made by initdb, and no member of an extension: for what is in no schema."""
    return f"{oid} >= {FIRST_OWN_OID} AND {_no_member(catalog, oid, types)}"


def _no_member(catalog: str, oid: str, types: str) -> str:
    return f"""NOT EXISTS (
        SELECT FROM pg_depend AS own
        WHERE own.classid = '{catalog}'::regclass AND own.objid = {oid} AND own.deptype IN ({types})
    )"""


def needed_extensions(catalog: str, oid: str) -> str:
    """What ALTER ... DEPENDS ON EXTENSION has said: looked for only where anybody has said so."""
    return f"""CASE WHEN EXISTS (
        SELECT FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'x'
    ) THEN ARRAY(
        SELECT quote_ident(x.extname)
        FROM pg_depend AS own JOIN pg_extension AS x ON x.oid = own.refobjid
        WHERE own.classid = '{catalog}'::regclass AND own.objid = {oid} AND own.deptype = 'x'
        ORDER BY 1
    ) END AS "depends on extension\""""


def function(column: str) -> str:
    """The name of a function; NULL where there is none."""
    return f"nullif({column}::oid, 0)::regproc::text"


def state(column: str) -> str:
    """When a trigger or a rule fires, if not as usual."""
    return f"""CASE {column} WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas'
        WHEN 'A' THEN 'always' END"""
