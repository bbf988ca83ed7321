"""The database, its schemas and extensions, and comments and labels on objects of any kind."""

from schemamig_tui.catalog.queries.fragments import (
    FIRST_OWN_OID,
    GRANT,
    comment,
    grants,
    own,
    owner,
    shared_comment,
)

DATABASE = f"""
SELECT d.oid, 'database' AS kind, quote_ident(d.datname) AS name, {owner("d.datdba")},
    nullif(d.datconnlimit, -1)::text AS "connection limit",
    d.datistemplate AS template,
    NOT d.datallowconn AS "no connections",
    ARRAY(
        SELECT unnest(s.setconfig) FROM pg_db_role_setting AS s
        WHERE s.setdatabase = d.oid AND s.setrole = 0
    ) AS set,
    {shared_comment("pg_database", "d.oid")},
    {grants("d.datacl", "d.datdba", "'d'")}
FROM pg_database AS d
WHERE d.datname = current_database()
"""

ROLE_SETTINGS = """
SELECT r.oid, 'settings of role' AS kind,
    format('%s in database %s', quote_ident(r.rolname), quote_ident(d.datname)) AS name,
    s.setconfig AS set
FROM pg_db_role_setting AS s
    JOIN pg_database AS d ON d.oid = s.setdatabase
    JOIN pg_roles AS r ON r.oid = s.setrole
WHERE d.datname = current_database()
"""

NAMESPACES = f"""
SELECT n.oid, 'schema' AS kind, quote_ident(n.nspname) AS name, {owner("n.nspowner")},
    {comment("pg_namespace", "n.oid")},
    {grants("n.nspacl", "n.nspowner", "'n'")}
FROM pg_namespace AS n
WHERE {own("pg_namespace", "n.oid")}
"""

EXTENSIONS = f"""
SELECT e.oid, 'extension' AS kind, quote_ident(e.extname) AS name,
    e.extversion AS version,
    quote_ident(n.nspname) AS schema,
    {comment("pg_extension", "e.oid")}
FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
"""

MEMBERS = """
SELECT d.classid::regclass::text AS catalog, d.objid AS oid, quote_ident(e.extname) AS extension,
    d.deptype = 'e' AS belongs
FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype IN ('e', 'x')
"""
"""What belongs to extensions, or depends on them: where an object is gone to, or comes from."""

# Those of a schema are granted besides the others, and not in their place.
DEFAULT_PRIVILEGES = f"""
SELECT a.oid, 'default privileges' AS kind, i.identity AS name,
    {grants("a.defaclacl", "a.defaclrole", "kind.of_all", owners="kind.of_owner")}
FROM pg_default_acl AS a,
    LATERAL pg_identify_object('pg_default_acl'::regclass, a.oid, 0) AS i,
    LATERAL (SELECT CASE WHEN a.defaclnamespace = 0 THEN acl.letter END AS of_all,
        CASE a.defaclnamespace WHEN 0 THEN acldefault(acl.letter, a.defaclrole)
            ELSE a.defaclacl END AS of_owner
        FROM (SELECT CASE a.defaclobjtype WHEN 'S' THEN 's' ELSE a.defaclobjtype END AS letter)
            AS acl
    ) AS kind
"""

STATISTICS = f"""
SELECT s.oid, 'statistics object' AS kind, quote_ident(n.nspname) AS namespace,
    quote_ident(s.stxname) AS name, {owner("s.stxowner")},
    replace(pg_get_statisticsobjdef(s.oid),
        format('CREATE STATISTICS %I.%I ', n.nspname, s.stxname), '') AS _definition,
    nullif(s.stxstattarget, -1)::text AS statistics,
    {comment("pg_statistic_ext", "s.oid")}
FROM pg_statistic_ext AS s JOIN pg_namespace AS n ON n.oid = s.stxnamespace
WHERE {own("pg_statistic_ext", "s.oid")}
"""

SECURITY_LABELS = """
SELECT 0 AS oid, 'security label' AS kind,
    format('of %s for %s %s', l.provider, l.objtype, l.objname) AS name,
    quote_literal(l.label) AS _label
FROM pg_seclabels AS l
"""

# pg_dump takes no notice of what people do to the information schema, and neither do we.
_NOT_STANDARD = "{} NOT IN (SELECT oid FROM pg_namespace WHERE nspname = 'information_schema')"
_ACLS = {
    "pg_class": (
        "relacl",
        "relowner",
        "CASE relkind WHEN 'S' THEN 's' ELSE 'r' END",
        _NOT_STANDARD.format("relnamespace"),
    ),
    "pg_proc": ("proacl", "proowner", "'f'", _NOT_STANDARD.format("pronamespace")),
    "pg_type": ("typacl", "typowner", "'T'", _NOT_STANDARD.format("typnamespace")),
    "pg_namespace": (
        "nspacl",
        "nspowner",
        "'n'",
        "nspname NOT IN ('information_schema', 'public')",
    ),
    "pg_language": ("lanacl", "lanowner", "'l'", "true"),
    "pg_foreign_data_wrapper": ("fdwacl", "fdwowner", "'F'", "true"),
    "pg_foreign_server": ("srvacl", "srvowner", "'S'", "true"),
}
_WITH_ACL = " UNION ALL ".join(
    f"""
    SELECT '{catalog}'::regclass AS classid, oid, 0 AS number, {acl} AS acl, {owner} AS owner,
        {letter}::"char" AS letter
    FROM {catalog} WHERE {acl} IS NOT NULL AND {chosen}"""
    for catalog, (acl, owner, letter, chosen) in _ACLS.items()
)

_AT_FIRST = f"""ARRAY(
        SELECT {GRANT} FROM aclexplode(coalesce(p.initprivs, acldefault(o.letter, o.owner)))
        WHERE grantee <> o.owner ORDER BY 1
    )"""
PRIVILEGES = f"""
SELECT 0 AS oid, 'privileges' AS kind, 'on ' || i.type || ' ' || i.identity AS name,
    {grants("o.acl", "o.owner", "o.letter", _AT_FIRST)}
FROM ({_WITH_ACL} UNION ALL
    SELECT 'pg_class'::regclass, a.attrelid, a.attnum, a.attacl, c.relowner, 'c'
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE a.attacl IS NOT NULL AND {_NOT_STANDARD.format("c.relnamespace")}
) AS o
    LEFT JOIN pg_init_privs AS p
        ON p.classoid = o.classid AND p.objoid = o.oid AND p.objsubid = o.number,
    LATERAL pg_identify_object(o.classid, o.oid, o.number) AS i
WHERE o.acl IS DISTINCT FROM p.initprivs
    AND ARRAY(SELECT unnest(o.acl)::text ORDER BY 1)
        <> ARRAY(SELECT unnest(p.initprivs)::text ORDER BY 1)
    AND (o.oid < {FIRST_OWN_OID} OR EXISTS (
        SELECT FROM pg_depend AS e
        WHERE e.classid = o.classid AND e.objid = o.oid AND e.deptype = 'e'
    ))
"""
"""On objects of the server itself and of extensions, where they are not the original ones."""
