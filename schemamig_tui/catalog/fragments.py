"""Pieces of SQL that several queries of a snapshot have in common."""


def comment(catalog: str, oid: str, number: str = "0") -> str:
    """The comment on an object of a catalog, or on its part of that number."""
    return f"""(
        SELECT description FROM pg_description
        WHERE objoid = {oid} AND classoid = '{catalog}'::regclass AND objsubid = {number}
    ) AS comment"""


def grants(acl: str, owner: str, kind: str = "") -> str:
    """Of an ACL, what others than the owner have; NULL is the default for that kind of object."""
    acl = f"coalesce({acl}, acldefault('{kind}', {owner}))" if kind else acl
    return f"""
    ARRAY(
        SELECT privilege_type || ' to '
            || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
            || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END
        FROM aclexplode({acl}) WHERE grantee <> {owner} ORDER BY 1
    ) AS grants"""


def own(catalog: str, oid: str, types: str = "'e'") -> str:
    """In the schemas of people, and no member of an extension."""
    return f"""n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_depend AS e
        WHERE e.classid = '{catalog}'::regclass AND e.objid = {oid} AND e.deptype IN ({types})
    )"""
