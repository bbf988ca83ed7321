"""Finds the tables, types and functions that the open transaction has touched.

A row of a catalog that a subtransaction has written carries its number (xmin), and every file of a
rehearsal is a subtransaction of its own. What has been dropped has left no row, but the transaction
holds a lock on it to its end.
"""

from collections.abc import Set

from schemamig_tui.catalog.queries.fragments import FIRST_OWN_OID

_WINDOW = 1 << 24
"""So many numbers at most are given out during a transaction: rows of older ones are frozen.

age() counts back from the number of the open transaction: that of its subtransactions is negative.
"""

# Each catalog that makes up a table, a type or a function: what class a row belongs to, and which.
_ROWS = {
    "pg_class": ("'pg_class'", "oid"),
    "pg_attribute": ("'pg_class'", "attrelid"),
    "pg_attrdef": ("'pg_class'", "adrelid"),
    "pg_index": ("'pg_class'", "indrelid"),
    "pg_inherits": ("'pg_class'", "inhrelid"),
    "pg_sequence": ("'pg_class'", "seqrelid"),
    "pg_foreign_table": ("'pg_class'", "ftrelid"),
    "pg_partitioned_table": ("'pg_class'", "partrelid"),
    "pg_constraint": ("'pg_constraint'", "oid"),
    # That of a foreign key may be on the other table.
    "pg_trigger": (
        "CASE tgconstraint WHEN 0 THEN 'pg_class' ELSE 'pg_constraint' END",
        "coalesce(nullif(tgconstraint, 0), tgrelid)",
    ),
    "pg_rewrite": ("'pg_class'", "ev_class"),
    "pg_policy": ("'pg_class'", "polrelid"),
    "pg_type": ("'pg_type'", "oid"),
    "pg_enum": ("'pg_type'", "enumtypid"),
    "pg_range": ("'pg_type'", "rngtypid"),
    "pg_proc": ("'pg_proc'", "oid"),
    "pg_aggregate": ("'pg_proc'", "aggfnoid"),
    "pg_description": ("classoid::regclass::text", "objoid"),
    "pg_depend": ("classid::regclass::text", "objid"),
}
# Only these rows are of interest, and an index finds them: of all that depends on something else,
# what depends on an extension; of the thousands of comments that initdb has made, those on schemas,
# on extensions and on what belongs to these.
_ONLY = {
    "pg_depend": "refclassid = 'pg_extension'::regclass AND deptype IN ('e', 'x') AND",
    "pg_description": f"""(objoid >= {FIRST_OWN_OID} OR objoid = ANY (ARRAY(
        SELECT oid FROM pg_namespace UNION ALL SELECT oid FROM pg_extension
        UNION ALL SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
    ))) AND""",
}
_DROPPED = ("pg_proc", "pg_type", "pg_constraint", "pg_trigger", "pg_rewrite", "pg_policy")
# Whoever takes a weaker lock does not change what a table is like.
_WEAK = "('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')"

CATALOGS = frozenset(_ROWS)
"""Those that make up tables, types and functions."""
HIDE_WHAT_IS_GONE = frozenset({"pg_description", "pg_inherits"})
"""Whatever rows of these are about, that is still there when the rows are deleted."""


def written(catalogs: Set[str]) -> str | None:
    """The class and oid of what rows of ``catalogs`` are about, and when they were written.

    Transactions are counted from the one that is open, which has to have a number. $1 is, below 0,
    the one after which they are of interest. None where none of the catalogs is one of these.
    """
    if _ROWS.keys().isdisjoint(catalogs):
        return None
    return _lifted(
        " UNION ALL ".join(
            f"""
    SELECT {class_}, {oid}::oid, -age(xmin) FROM {catalog}
    WHERE {_ONLY.get(catalog, "")} age(xmin) < $1::int4 AND age(xmin) > -{_WINDOW}"""
            for catalog, (class_, oid) in _ROWS.items()
            if catalog in catalogs
        )
    )


def dropped() -> str:
    """The class and oid of what the transaction has locked, and what is no more."""
    gone = [
        """
SELECT 'pg_class' AS class, l.relation::oid AS oid FROM locks AS l
WHERE l.locktype = 'relation' AND NOT EXISTS (SELECT FROM pg_class WHERE oid = l.relation)""",
        *(
            f"""
SELECT '{catalog}', l.objid::oid FROM locks AS l
WHERE l.locktype = 'object' AND l.classid = '{catalog}'::regclass
    AND NOT EXISTS (SELECT FROM {catalog} WHERE oid = l.objid)"""
            for catalog in _DROPPED
        ),
    ]
    # There may be very many, and each look at them takes the longer.
    return f"""
WITH locks AS MATERIALIZED (
    SELECT l.locktype, l.relation, l.classid, l.objid FROM {_LOCKS}
    WHERE l.locktype IN ('relation', 'object')
){" UNION ALL ".join(gone)}"""


def locked() -> str:
    """The class and oid of what the transaction has locked so that it could have changed it."""
    return _lifted(f"""
    SELECT CASE l.locktype WHEN 'relation' THEN 'pg_class' ELSE l.classid::regclass::text END,
        CASE l.locktype WHEN 'relation' THEN l.relation ELSE l.objid END::oid, 0
    FROM {_LOCKS} WHERE l.locktype IN ('relation', 'object') AND l.mode NOT IN {_WEAK}""")


_LOCKS = """(
        SELECT * FROM pg_locks AS held
        WHERE held.pid = pg_backend_pid() AND held.granted AND held.database IN
            (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ) AS l"""


_PAIRS = """
            SELECT split_part(one, ' ', 1) AS class, split_part(one, ' ', 2)::oid AS oid
            FROM unnest({}::text[]) AS one"""


def _lifted(raw: str) -> str:
    """With the table in the place of its index, constraint, trigger, row type and so on.

    Each is looked up by itself. OFFSET 0 keeps the server from making a join of it, which would
    read all of a catalog for the few rows that there are, and from looking each up twice.
    """
    return f"""
WITH raw AS (
    SELECT r.class, r.oid, max(r.number) AS number FROM ({raw}) AS r (class, oid, number)
    GROUP BY 1, 2
)
SELECT whole.class, whole.oid::int8, max(whole.number) AS number
FROM (
    SELECT CASE
            WHEN r.class IN ('pg_trigger', 'pg_rewrite', 'pg_policy', 'pg_attrdef') THEN 'pg_class'
            WHEN r.class = 'pg_constraint' AND k.conrelid = 0 THEN 'pg_type'
            WHEN r.class = 'pg_constraint' OR t.typrelid <> 0 THEN 'pg_class'
            ELSE r.class END AS class,
        CASE r.class
            WHEN 'pg_class' THEN coalesce(
                (SELECT indrelid FROM pg_index WHERE indexrelid = r.oid),
                -- See create_toast_table() in catalog/toasting.c.
                (SELECT substr(relname, length('pg_toast_') + 1)::oid
                    FROM pg_class WHERE oid = r.oid AND relkind = 't'),
                r.oid)
            WHEN 'pg_type' THEN coalesce(
                nullif(t.typrelid, 0),
                (SELECT rngtypid FROM pg_range WHERE rngmultitypid = t.oid),
                t.oid)
            WHEN 'pg_constraint' THEN coalesce(nullif(k.conrelid, 0), k.contypid)
            WHEN 'pg_trigger' THEN (SELECT tgrelid FROM pg_trigger WHERE oid = r.oid)
            WHEN 'pg_rewrite' THEN (SELECT ev_class FROM pg_rewrite WHERE oid = r.oid)
            WHEN 'pg_policy' THEN (SELECT polrelid FROM pg_policy WHERE oid = r.oid)
            WHEN 'pg_attrdef' THEN (SELECT adrelid FROM pg_attrdef WHERE oid = r.oid)
            ELSE r.oid END AS oid,
        r.number
    FROM raw AS r
        LEFT JOIN LATERAL (
            SELECT coalesce(of.oid, t.oid) AS oid, coalesce(of.typrelid, t.typrelid) AS typrelid
            FROM pg_type AS t LEFT JOIN pg_type AS of ON of.oid = t.typelem AND of.typarray = t.oid
            WHERE t.oid = r.oid
            OFFSET 0
        ) AS t ON r.class = 'pg_type'
        LEFT JOIN LATERAL (
            SELECT k.conrelid, k.contypid FROM pg_constraint AS k WHERE k.oid = r.oid OFFSET 0
        ) AS k ON r.class = 'pg_constraint'
    OFFSET 0
) AS whole
WHERE whole.oid IS NOT NULL
GROUP BY 1, 2
"""


DEPENDENTS = _lifted(f"""
    SELECT d.classid::regclass::text, d.objid, 0
    FROM (
        WITH named AS (
            {_PAIRS.format("$1")}
            UNION ALL SELECT 'pg_type', c.reltype
            FROM pg_class AS c JOIN ({_PAIRS.format("$1")}) AS p ON p.class = 'pg_class'
            WHERE c.oid = p.oid
        )
        TABLE named
        UNION ALL SELECT 'pg_type', t.typarray
        FROM pg_type AS t JOIN named ON named.class = 'pg_type' WHERE t.oid = named.oid
    ) AS n JOIN pg_depend AS d ON d.refclassid = n.class::regclass AND d.refobjid = n.oid
    UNION ALL
    SELECT 'pg_rewrite', d.objid, 0
    FROM ({_PAIRS.format("$2")}) AS n
        JOIN pg_depend AS d ON d.refclassid = n.class::regclass AND d.refobjid = n.oid
    WHERE d.classid = 'pg_rewrite'::regclass""")
"""The class and oid of what names something that has a new name.

$1 are the class and oid of each such thing, as ``{pg_class 16384}``; $2 tables with other
columns, which only views have to tell apart.
"""
