"""Asks what goes together with what is dropped, and what depends on it and so is in the way.

See src/backend/catalog/dependency.c for what the server does with objects that depend on others.
"""

from collections.abc import Iterator, Mapping, Sequence

from schemamig_tui.advice.catalog import Dependent, NumberedRelation
from schemamig_tui.advice.database import Database, Row
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.actions import Does
from schemamig_tui.sql.touch import ObjectKind
from schemamig_tui.sql.words import Name

_KINDS = {
    ObjectKind.RELATION: "relation",
    ObjectKind.TYPE: "type",
    ObjectKind.SCHEMA: "schema",
    ObjectKind.EXTENSION: "extension",
    ObjectKind.OTHER: "function",
}
_KINDS_BY_VERB = {
    "DROP ACCESS METHOD": "access method",
    "DROP COLLATION": "collation",
    "DROP FOREIGN DATA WRAPPER": "foreign data wrapper",
    "DROP LANGUAGE": "language",
    "DROP OPERATOR": "operator",
    "DROP OPERATOR CLASS": "operator class",
    "DROP OPERATOR FAMILY": "operator family",
    "DROP OWNED": "owned",
    "DROP SERVER": "server",
    "DROP STATISTICS": "statistics",
    "DROP TEXT SEARCH CONFIGURATION": "text search configuration",
    "DROP TEXT SEARCH DICTIONARY": "text search dictionary",
    "DROP TEXT SEARCH PARSER": "text search parser",
    "DROP TEXT SEARCH TEMPLATE": "text search template",
    "REASSIGN OWNED": "reassigned",
}
# They are parts of a table, whose own lock says it all.
_NO_OBJECTS = ("DROP TRIGGER", "DROP POLICY", "DROP RULE", "DROP CONSTRAINT")
_DROPS = {Does.DROP_COLUMN: "column", Does.DROP_CONSTRAINT: "constraint"}

_ROOTS = """
WITH RECURSIVE asked AS (
    SELECT * FROM unnest(%(numbers)s::int[], %(kinds)s::text[], %(tables)s::bigint[],
        %(schemas)s::name[], %(names)s::name[]) AS a (number, kind, "table", schema, name)
), named AS (
    SELECT a.*, s.oid AS namespace FROM asked a LEFT JOIN pg_catalog.pg_namespace s
        ON s.nspname = ANY (CASE WHEN a.schema IS NULL THEN current_schemas(true)
            ELSE ARRAY[a.schema] END)
), others (kind, class, oid, name, namespace) AS (
    SELECT 'operator class', 'pg_catalog.pg_opclass'::regclass, oid, opcname, opcnamespace
    FROM pg_catalog.pg_opclass
    UNION ALL SELECT 'operator family', 'pg_catalog.pg_opfamily'::regclass, oid, opfname,
        opfnamespace FROM pg_catalog.pg_opfamily
    UNION ALL SELECT 'operator', 'pg_catalog.pg_operator'::regclass, oid, oprname, oprnamespace
    FROM pg_catalog.pg_operator
    UNION ALL SELECT 'text search configuration', 'pg_catalog.pg_ts_config'::regclass, oid,
        cfgname, cfgnamespace FROM pg_catalog.pg_ts_config
    UNION ALL SELECT 'text search dictionary', 'pg_catalog.pg_ts_dict'::regclass, oid,
        dictname, dictnamespace FROM pg_catalog.pg_ts_dict
    UNION ALL SELECT 'text search parser', 'pg_catalog.pg_ts_parser'::regclass, oid, prsname,
        prsnamespace FROM pg_catalog.pg_ts_parser
    UNION ALL SELECT 'text search template', 'pg_catalog.pg_ts_template'::regclass, oid, tmplname,
        tmplnamespace FROM pg_catalog.pg_ts_template
    UNION ALL SELECT 'foreign data wrapper', 'pg_catalog.pg_foreign_data_wrapper'::regclass, oid,
        fdwname, NULL FROM pg_catalog.pg_foreign_data_wrapper
    UNION ALL SELECT 'server', 'pg_catalog.pg_foreign_server'::regclass, oid, srvname, NULL
    FROM pg_catalog.pg_foreign_server
    UNION ALL SELECT 'language', 'pg_catalog.pg_language'::regclass, oid, lanname, NULL
    FROM pg_catalog.pg_language
    UNION ALL SELECT 'access method', 'pg_catalog.pg_am'::regclass, oid, amname, NULL
    FROM pg_catalog.pg_am
), owners (number, kind, oid) AS (
    SELECT a.number, a.kind, r.oid FROM asked a JOIN pg_catalog.pg_roles r
        ON r.rolname = CASE WHEN a.name IN ('current_user', 'current_role') THEN current_user
            WHEN a.name = 'session_user' THEN session_user ELSE a.name END
    WHERE a.kind IN ('owned', 'reassigned')
), roots (number, class, object, part) AS (
    SELECT number, 'pg_catalog.pg_class'::regclass::oid, "table"::oid, 0 FROM asked
    WHERE kind = 'relation'
    UNION SELECT number, 'pg_catalog.pg_class'::regclass, attrelid, attnum
    FROM asked JOIN pg_catalog.pg_attribute ON attrelid = "table" AND attname = name
    WHERE kind = 'column'
    UNION SELECT number, 'pg_catalog.pg_constraint'::regclass, k.oid, 0
    FROM asked JOIN pg_catalog.pg_constraint k ON conrelid = "table" AND conname = name
    WHERE kind = 'constraint'
    UNION SELECT number, 'pg_catalog.pg_namespace'::regclass, n.oid, 0
    FROM asked JOIN pg_catalog.pg_namespace n ON nspname = name WHERE kind = 'schema'
    UNION SELECT number, 'pg_catalog.pg_type'::regclass, t.oid, 0
    FROM named JOIN pg_catalog.pg_type t ON typname = name AND typnamespace = namespace
    WHERE kind = 'type'
    UNION SELECT number, 'pg_catalog.pg_proc'::regclass, p.oid, 0
    FROM named JOIN pg_catalog.pg_proc p ON proname = name AND pronamespace = namespace
    WHERE kind = 'function'
    UNION SELECT number, 'pg_catalog.pg_collation'::regclass, l.oid, 0
    FROM named JOIN pg_catalog.pg_collation l ON collname = name AND collnamespace = namespace
    WHERE kind = 'collation'
    UNION SELECT number, 'pg_catalog.pg_extension'::regclass, e.oid, 0
    FROM asked JOIN pg_catalog.pg_extension e ON extname = name WHERE kind = 'extension'
    UNION SELECT number, 'pg_catalog.pg_statistic_ext'::regclass, x.oid, 0
    FROM named JOIN pg_catalog.pg_statistic_ext x ON stxname = name AND stxnamespace = namespace
    WHERE kind = 'statistics'
    UNION SELECT number, o.class, o.oid, 0 FROM named n JOIN others o
        ON o.kind = n.kind AND o.name = n.name AND coalesce(o.namespace = n.namespace, true)
    UNION SELECT number, d.classid, d.objid, 0 FROM owners o JOIN pg_catalog.pg_shdepend d
        ON d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = o.oid
            AND d.deptype = 'o'
        JOIN pg_catalog.pg_database b ON b.oid = d.dbid AND b.datname = current_database()
    WHERE o.kind = 'owned'
)"""

# A partition's part of a foreign key has triggers on its own side alone, one that is NOT ENFORCED
# has none. Where a partition goes, its table and the default partition of that change.
# What goes with an object, and what is changed for that: what depends on it, and the owner of what
# is a part of something else, as the rule of a view is.
_GOES_WITH = f"""{_ROOTS}, gone (number, class, object, part) AS (
    SELECT * FROM roots
    UNION
    SELECT g.number, d.* FROM gone g CROSS JOIN LATERAL (
        SELECT classid, objid, objsubid FROM pg_catalog.pg_depend
        WHERE refclassid = g.class AND refobjid = g.object
            AND (g.part = 0 OR refobjsubid = g.part)
        UNION ALL
        SELECT refclassid, refobjid, refobjsubid FROM pg_catalog.pg_depend
        WHERE classid = g.class AND objid = g.object AND deptype = 'i'
            AND g.class IN ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_type'::regclass,
                'pg_catalog.pg_trigger'::regclass, 'pg_catalog.pg_amop'::regclass,
                'pg_catalog.pg_amproc'::regclass)
    ) d
)
SELECT DISTINCT number, r.oid::bigint FROM gone g CROSS JOIN LATERAL (
    SELECT object WHERE class = 'pg_catalog.pg_class'::regclass
    UNION ALL SELECT ev_class FROM pg_catalog.pg_rewrite
        WHERE class = 'pg_catalog.pg_rewrite'::regclass AND oid = object
    UNION ALL SELECT tgrelid FROM pg_catalog.pg_trigger
        WHERE class = 'pg_catalog.pg_trigger'::regclass AND oid = object
    UNION ALL SELECT unnest(ARRAY[k.conrelid,
            CASE WHEN (k.conparentid = 0 OR u.conrelid = k.conrelid) AND (k.convalidated
                    OR coalesce((to_jsonb(k) ->> 'conenforced')::bool, true)
                    OR (number, class, object, part) IN (SELECT * FROM roots))
                THEN k.confrelid END])
        FROM pg_catalog.pg_constraint k
            LEFT JOIN pg_catalog.pg_constraint u ON u.oid = k.conparentid
        WHERE class = 'pg_catalog.pg_constraint'::regclass AND k.oid = object
    UNION ALL SELECT unnest(ARRAY[p.partrelid, p.partdefid]) FROM pg_catalog.pg_inherits i
            JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = i.inhparent
        WHERE class = 'pg_catalog.pg_class'::regclass AND part = 0 AND i.inhrelid = object
    UNION ALL SELECT indrelid FROM pg_catalog.pg_index
        WHERE class = 'pg_catalog.pg_class'::regclass AND indexrelid = object
    UNION ALL SELECT stxrelid FROM pg_catalog.pg_statistic_ext
        WHERE class = 'pg_catalog.pg_statistic_ext'::regclass AND oid = object
    UNION ALL SELECT adrelid FROM pg_catalog.pg_attrdef
        WHERE class = 'pg_catalog.pg_attrdef'::regclass AND oid = object
    UNION ALL SELECT polrelid FROM pg_catalog.pg_policy
        WHERE class = 'pg_catalog.pg_policy'::regclass AND oid = object
) r (oid)
WHERE r.oid <> 0
UNION SELECT o.number, c.oid::bigint FROM owners o JOIN pg_catalog.pg_class c ON c.relowner = o.oid
WHERE o.kind = 'reassigned' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
"""

# The server refuses a drop for what depends on it without being a part of it, which is what goes
# with it silently; and a new type of a column for what has the column in an expression of its own,
# see RememberAllDependentForRebuilding in src/backend/commands/tablecmds.c. Several functions may
# have the name, and the search_path may lead to several objects: then it is not known which is
# meant.
_IN_THE_WAY = f"""{_ROOTS}, tables (number, kind, oid, name) AS (
    SELECT number, kind, "table"::oid, name FROM asked WHERE kind IN ('column', 'new type')
    UNION SELECT t.number, t.kind, i.inhrelid, t.name
    FROM tables t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.inhrelid AND a.attname = t.name
            AND (t.kind = 'new type' OR a.attinhcount = 1 AND NOT a.attislocal)
), ambiguous AS (
    SELECT number FROM named JOIN roots USING (number)
    WHERE kind NOT IN ('relation', 'column', 'constraint', 'schema', 'extension')
    GROUP BY number HAVING count(DISTINCT (class, object)) > 1
), reached (number, class, object, part, silently) AS (
    (SELECT *, true FROM roots WHERE number NOT IN (SELECT number FROM ambiguous)
    UNION SELECT t.number, 'pg_catalog.pg_class'::regclass, a.attrelid, a.attnum, true
    FROM tables t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attname = t.name
    WHERE t.kind = 'column')
    UNION
    SELECT r.number, d.* FROM reached r CROSS JOIN LATERAL (
        SELECT classid, objid, objsubid, deptype <> 'n' FROM pg_catalog.pg_depend
        WHERE refclassid = r.class AND refobjid = r.object
            AND (r.part = 0 OR refobjsubid = r.part)
        UNION ALL
        SELECT refclassid, refobjid, refobjsubid, false FROM pg_catalog.pg_depend
        WHERE classid = r.class AND objid = r.object AND (r.part, objsubid) = (0, 0)
            AND (deptype = 'i' OR deptype = 'P' AND (r.number, r.class, r.object, r.part) IN
                (SELECT * FROM roots))
    ) d
), silent AS (
    SELECT DISTINCT number, class, object, part FROM reached WHERE silently
), refusing (number, class, object, part) AS (
    SELECT r.number, r.class, r.object, r.part FROM reached r
    WHERE NOT EXISTS (SELECT FROM silent s WHERE (s.number, s.class, s.object)
        = (r.number, r.class, r.object) AND s.part IN (0, r.part))
    UNION SELECT t.number, CASE WHEN f.oid IS NULL THEN d.classid ELSE d.refclassid END,
        coalesce(f.adrelid, d.objid), coalesce(f.adnum, 0)
    FROM tables t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attname = t.name
        JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass
            AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
        LEFT JOIN pg_catalog.pg_attrdef f
            ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND f.oid = d.objid
    WHERE t.kind = 'new type' AND (f.adnum <> a.attnum OR d.classid IN (
        'pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_trigger'::regclass,
        'pg_catalog.pg_policy'::regclass, 'pg_catalog.pg_publication_rel'::regclass))
)
SELECT DISTINCT r.number, o.oid::bigint,
    CASE WHEN w.rulename = '_RETURN' THEN
        pg_describe_object('pg_catalog.pg_class'::regclass, w.ev_class, 0)
        ELSE pg_describe_object(r.class, r.object, r.part) END AS description
FROM refusing r
    LEFT JOIN pg_catalog.pg_rewrite w
        ON r.class = 'pg_catalog.pg_rewrite'::regclass AND w.oid = r.object
    CROSS JOIN LATERAL (
        SELECT r.object AS oid WHERE r.class = 'pg_catalog.pg_class'::regclass
        UNION ALL SELECT w.ev_class
        UNION ALL SELECT tgrelid FROM pg_catalog.pg_trigger
            WHERE r.class = 'pg_catalog.pg_trigger'::regclass AND oid = r.object
        UNION ALL SELECT conrelid FROM pg_catalog.pg_constraint
            WHERE r.class = 'pg_catalog.pg_constraint'::regclass AND oid = r.object
        UNION ALL SELECT adrelid FROM pg_catalog.pg_attrdef
            WHERE r.class = 'pg_catalog.pg_attrdef'::regclass AND oid = r.object
        UNION ALL SELECT polrelid FROM pg_catalog.pg_policy
            WHERE r.class = 'pg_catalog.pg_policy'::regclass AND oid = r.object
        UNION ALL SELECT prrelid FROM pg_catalog.pg_publication_rel
            WHERE r.class = 'pg_catalog.pg_publication_rel'::regclass AND oid = r.object
    ) o
WHERE o.oid <> 0
ORDER BY r.number, description
"""


_Asked = tuple[int, str, int, str | None, str | None]


def gone_with(
    database: Database, uses: Sequence[Use], oids: Mapping[Name, int]
) -> Sequence[NumberedRelation]:
    """The relations that go or change with what is dropped."""
    about = "what depends on what is dropped"
    return _ask(database, about, NumberedRelation, _GOES_WITH, [*_dropped(uses, oids)])


def in_the_way(
    database: Database, uses: Sequence[Use], oids: Mapping[Name, int]
) -> Sequence[Dependent]:
    """What lets the server refuse a drop without CASCADE, or a new type of a column."""
    asked = [*_dropped(uses, oids, cascade=False), *_retyped(uses, oids)]
    about = "what is in the way of a drop or a new type"
    return _ask(database, about, Dependent, _IN_THE_WAY, asked)


def _ask(
    database: Database, about: str, row: type[Row], query: str, asked: Sequence[_Asked]
) -> Sequence[Row]:
    if not asked:
        return ()
    keys = ("numbers", "kinds", "tables", "schemas", "names")
    parameters = {key: [row[i] for row in asked] for i, key in enumerate(keys)}
    return database.ask(about, row, query, parameters)


def _dropped(
    uses: Sequence[Use], oids: Mapping[Name, int], *, cascade: bool = True
) -> Iterator[_Asked]:
    """What the uses drop; without ``cascade`` only where what depends on it does not go too."""
    for number, use in enumerate(uses):
        touch = use.touch
        if touch.beside:
            continue
        oid = oids.get(touch.name, 0) if touch.target is ObjectKind.RELATION else 0
        kind = _KINDS_BY_VERB.get(touch.statement)
        if touch.statement.startswith("DROP ") and touch.statement not in _NO_OBJECTS:
            kind = kind or _KINDS[touch.target]
        if kind and (cascade or not touch.cascade):
            yield number, kind, oid, touch.name.schema, touch.name.name
        for action in touch.actions if oid else ():
            if action.does in _DROPS and (cascade or not action.cascade):
                part = action.column or action.name
                yield number, _DROPS[action.does], oid, None, part


def _retyped(uses: Sequence[Use], oids: Mapping[Name, int]) -> Iterator[_Asked]:
    for number, use in enumerate(uses):
        oid = oids.get(use.touch.name)
        for action in use.touch.actions if oid else ():
            if action.does is Does.SET_TYPE:
                yield number, "new type", oid or 0, None, action.column
