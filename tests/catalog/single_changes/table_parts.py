"""Constraints, indexes, triggers, rules and policies."""

from tests.catalog.single_changes import Case

T = "CREATE TABLE t (a int, b text);"
KEYS = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (p int REFERENCES p);"
PARTS = (
    "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id);"
    "CREATE TABLE p1 PARTITION OF p DEFAULT; CREATE TABLE t (p int REFERENCES p);"
)
F = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
G = T + F + "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
X = "CREATE EXTENSION IF NOT EXISTS tcn;"

CASES = (
    # -- constraints
    Case(T, "ALTER TABLE t ADD PRIMARY KEY (a)", "+ constraint t_pkey PRIMARY KEY (a)"),
    Case(T, "ALTER TABLE t ADD UNIQUE (a)", "+ constraint t_a_key UNIQUE (a)"),
    Case(
        T,
        "ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (a)",
        "UNIQUE NULLS NOT DISTINCT (a)",
        since=15,
    ),
    Case(T, "ALTER TABLE t ADD UNIQUE (a) INCLUDE (b)", "UNIQUE (a) INCLUDE (b)"),
    Case(T, "ALTER TABLE t ADD CHECK (a > 0)", "+ constraint t_a_check CHECK (a > 0)"),
    Case(T, "ALTER TABLE t ADD CHECK (a > 0) NO INHERIT", "CHECK (a > 0) NO INHERIT"),
    Case(T, "ALTER TABLE t ADD CHECK (a > 0) NOT VALID", "CHECK (a > 0) not valid"),
    Case(T, "ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED", "NOT ENFORCED", since=18),
    Case(T, "ALTER TABLE t ADD EXCLUDE (a WITH =)", "EXCLUDE USING btree (a WITH =)"),
    Case(
        "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0) NOT VALID)",
        "ALTER TABLE t VALIDATE CONSTRAINT c",
        "",
    ),
    Case(
        T + "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "ALTER TABLE t VALIDATE CONSTRAINT c",
        "constraint c: not valid -> valid",
    ),
    Case(
        "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0))",
        "ALTER TABLE t DROP CONSTRAINT c",
        "- constraint c CHECK (a > 0)",
    ),
    Case(
        "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0))",
        "ALTER TABLE t RENAME CONSTRAINT c TO d",
        "constraint c renamed to d",
    ),
    Case(
        "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0))",
        "COMMENT ON CONSTRAINT c ON t IS 'x'",
        "comment 'x'",
    ),
    Case(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (p int)",
        "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p ON DELETE CASCADE",
        "FOREIGN KEY (p) REFERENCES @.p(id) ON DELETE CASCADE",
    ),
    Case(KEYS, "ALTER TABLE t ALTER CONSTRAINT t_p_fkey DEFERRABLE", "DEFERRABLE"),
    Case(
        KEYS,
        "ALTER TABLE t ALTER CONSTRAINT t_p_fkey NOT ENFORCED",
        "NOT ENFORCED",
        since=18,
    ),
    Case(
        KEYS,
        "ALTER TABLE t DISABLE TRIGGER ALL",
        "constraint t_p_fkey: enabled -> disabled",
        unlike="pg_dump does not keep that a foreign key is off",
    ),
    Case(
        KEYS,
        "ALTER TABLE p DISABLE TRIGGER ALL",
        "constraint t_p_fkey: enabled -> disabled on the referenced table",
        unlike="pg_dump does not keep that a foreign key is off",
    ),
    Case(
        PARTS,
        "ALTER TABLE p1 DISABLE TRIGGER ALL",
        "constraint t_p_fkey: enabled -> disabled on the referenced partition @.p1",
        since=15,
    ),
    Case(
        PARTS,
        "ALTER TABLE p DISABLE TRIGGER ALL; ALTER TABLE p1 ENABLE TRIGGER ALL",
        "+ disabled on the referenced table, enabled on the referenced partition @.p1",
        since=15,
    ),
    Case(
        T,
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) DEFERRABLE; ALTER TABLE t DISABLE TRIGGER ALL",
        "+ constraint k UNIQUE (a) DEFERRABLE disabled",
    ),
    Case(KEYS, "ALTER TABLE p RENAME TO q", "~ constraint t_p_fkey"),
    # -- NOT NULL, which is a constraint from 18 on
    Case(T, "ALTER TABLE t ADD CONSTRAINT n NOT NULL a", "+ constraint n NOT NULL a", since=18),
    Case(T, "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID", "not null not valid", since=18),
    Case(T, "ALTER TABLE t ADD NOT NULL a NO INHERIT", "NOT NULL a NO INHERIT", since=18),
    Case(
        "CREATE TABLE t (a int NOT NULL)",
        "ALTER TABLE t RENAME CONSTRAINT t_a_not_null TO n",
        "constraint t_a_not_null renamed to n",
        since=18,
    ),
    Case(
        "CREATE TABLE t (a int NOT NULL)",
        "COMMENT ON CONSTRAINT t_a_not_null ON t IS 'x'",
        "comment 'x'",
        since=18,
    ),
    Case(
        "CREATE TABLE t (a int NOT NULL)",
        "ALTER TABLE t ALTER CONSTRAINT t_a_not_null NO INHERIT",
        "NOT NULL a NO INHERIT",
        since=18,
    ),
    Case(
        "CREATE TABLE t (a int NOT NULL)",
        "ALTER TABLE t DROP CONSTRAINT t_a_not_null",
        "column a: not null -> nullable",
        since=18,
    ),
    # -- indexes, also those of constraints
    Case(T, "CREATE INDEX i ON t (a)", "+ index i (a)"),
    Case(T, "CREATE UNIQUE INDEX i ON t (lower(b)) WHERE a > 0", "UNIQUE (lower(b)) WHERE a > 0"),
    Case(T, "CREATE INDEX i ON t USING hash (a)", "+ index i USING hash (a)"),
    Case(T, "CREATE INDEX i ON t (b text_pattern_ops DESC NULLS LAST)", "+ index i (b text_"),
    Case(T, "CREATE INDEX i ON t (a) WITH (fillfactor = 70)", "WITH (fillfactor='70')"),
    Case(T + "CREATE INDEX i ON t (a)", "DROP INDEX i", "- index i (a)"),
    Case(T + "CREATE INDEX i ON t (a)", "ALTER INDEX i RENAME TO j", "index i renamed to j"),
    Case(T + "CREATE INDEX i ON t (a)", "ALTER INDEX i SET (fillfactor = 70)", "fillfactor='70'"),
    Case(T + "CREATE INDEX i ON t (a)", "COMMENT ON INDEX i IS 'x'", "comment 'x'"),
    Case(
        T + "CREATE INDEX i ON t ((a + 1))",
        "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 500",
        "statistics column 1: 500",
    ),
    Case(
        T + "CREATE INDEX i ON t (a);" + X,
        "ALTER INDEX i DEPENDS ON EXTENSION tcn",
        "+ depends on extension tcn",
    ),
    Case(
        T + "CREATE INDEX i ON t (a);" + X + "ALTER INDEX i DEPENDS ON EXTENSION tcn",
        "ALTER INDEX i NO DEPENDS ON EXTENSION tcn",
        "- depends on extension tcn",
    ),
    Case(
        T + "ALTER TABLE t ADD UNIQUE (a)",
        "ALTER INDEX t_a_key SET (fillfactor = 70)",
        "with fillfactor=70",
    ),
    Case(T, "ALTER TABLE t ADD UNIQUE (a) WITH (fillfactor = 70)", "with (fillfactor=70)"),
    Case(
        T + "ALTER TABLE t ADD UNIQUE (a)",
        "COMMENT ON INDEX t_a_key IS 'x'",
        "comment on its index x",
    ),
    Case(
        T + "ALTER TABLE t ADD UNIQUE (a)",
        "ALTER INDEX t_a_key RENAME TO k",
        "constraint t_a_key renamed to k",
    ),
    Case(
        "CREATE TABLE t (a int, EXCLUDE ((a + 1) WITH =))",
        "ALTER INDEX t_expr_excl ALTER COLUMN 1 SET STATISTICS 500",
        "statistics column 1: 500",
        unlike="pg_dump does not keep it for an index that belongs to a constraint",
    ),
    Case(
        T + "ALTER TABLE t ADD UNIQUE (a);" + X,
        "ALTER INDEX t_a_key DEPENDS ON EXTENSION tcn",
        "+ depends on extension tcn",
    ),
    Case(T, "CREATE INDEX i ON t (a) TABLESPACE elsewhere", "+ index i (a) TABLESPACE elsewhere"),
    Case(
        T + "CREATE INDEX i ON t (a)",
        "ALTER INDEX i SET TABLESPACE elsewhere",
        "(a) -> (a) TABLESPACE elsewhere",
    ),
    Case(
        T + "ALTER TABLE t ADD UNIQUE (a)",
        "ALTER INDEX t_a_key SET TABLESPACE elsewhere",
        "+ tablespace elsewhere",
    ),
    Case(T, "ALTER TABLE t ADD UNIQUE (a) USING INDEX TABLESPACE elsewhere", "tablespace elsew"),
    # -- triggers
    Case(
        T + F,
        "CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "+ trigger g BEFORE UPDATE OF a FOR EACH ROW EXECUTE FUNCTION @.f()",
    ),
    Case(
        T + F,
        "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t DEFERRABLE FOR EACH ROW"
        " EXECUTE FUNCTION f()",
        "+ trigger g AFTER INSERT DEFERRABLE",
    ),
    Case(G, "DROP TRIGGER g ON t", "- trigger g BEFORE INSERT"),
    Case(G, "ALTER TRIGGER g ON t RENAME TO h", "trigger g renamed to h"),
    Case(G, "ALTER TABLE t DISABLE TRIGGER g", "trigger g: enabled -> disabled"),
    Case(G, "ALTER TABLE t ENABLE ALWAYS TRIGGER g", "trigger g: enabled -> always"),
    Case(G, "ALTER TABLE t ENABLE REPLICA TRIGGER g", "trigger g: enabled -> on replicas"),
    Case(G, "COMMENT ON TRIGGER g ON t IS 'x'", "comment 'x'"),
    Case(G + X, "ALTER TRIGGER g ON t DEPENDS ON EXTENSION tcn", "depends on extension tcn"),
    Case(
        G + X + "ALTER TRIGGER g ON t DEPENDS ON EXTENSION tcn",
        "ALTER TRIGGER g ON t NO DEPENDS ON EXTENSION tcn",
        "- depends on extension tcn",
    ),
    Case(
        "CREATE TABLE p (a int) PARTITION BY LIST (a);"
        "CREATE TABLE c PARTITION OF p DEFAULT;"
        + F
        + "CREATE TRIGGER g AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f()",
        "ALTER TABLE c DISABLE TRIGGER g",
        "trigger g: enabled -> disabled",
    ),
    # -- rules
    Case(T, "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", "+ rule r ON DELETE DO INSTEAD"),
    Case(
        T + "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "DROP RULE r ON t",
        "- rule r ON DELETE",
    ),
    Case(
        T + "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "ALTER RULE r ON t RENAME TO s",
        "rule r renamed to s",
    ),
    Case(
        T + "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "ALTER TABLE t DISABLE RULE r",
        "rule r: enabled -> disabled",
    ),
    Case(
        T + "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "COMMENT ON RULE r ON t IS 'x'",
        "comment 'x'",
    ),
    # -- policies
    Case(T, "CREATE POLICY y ON t USING (a > 1)", "+ policy y as permissive for all to PUBLIC"),
    Case(
        T + "CREATE ROLE role_@; CREATE POLICY y ON t USING (a > 1)",
        "ALTER POLICY y ON t TO role_@",
        "to PUBLIC -> role_@",
    ),
    Case(
        T + "CREATE POLICY y ON t USING (a > 1)",
        "ALTER POLICY y ON t USING (a > 2)",
        "using (a > 1) -> (a > 2)",
    ),
    Case(
        T + "CREATE POLICY y ON t USING (a > 1)",
        "ALTER POLICY y ON t WITH CHECK (a > 2)",
        "with check (a > 2)",
    ),
    Case(
        T + "CREATE POLICY y ON t USING (a > 1)",
        "ALTER POLICY y ON t RENAME TO z",
        "policy y renamed to z",
    ),
    Case(T + "CREATE POLICY y ON t USING (a > 1)", "DROP POLICY y ON t", "- policy y"),
    Case(
        T + "CREATE POLICY y ON t USING (a > 1)",
        "COMMENT ON POLICY y ON t IS 'x'",
        "comment 'x'",
    ),
    # -- statistics objects
    Case(T, "CREATE STATISTICS s ON a, b FROM t", "+ statistics object @.s ON a, b FROM @.t"),
    Case(T, "CREATE STATISTICS s (mcv) ON a, b FROM t", "+ statistics object @.s (mcv) ON a, b"),
    Case(
        T + "CREATE STATISTICS s ON a, b FROM t",
        "ALTER STATISTICS s SET STATISTICS 500",
        "+ statistics 500",
    ),
    Case(
        T + "CREATE STATISTICS s ON a, b FROM t; CREATE ROLE role_@",
        "ALTER STATISTICS s OWNER TO role_@",
        "owner postgres -> role_@",
    ),
    Case(T + "CREATE STATISTICS s ON a, b FROM t", "COMMENT ON STATISTICS s IS 'x'", "comment 'x'"),
    Case(T + "CREATE STATISTICS s ON a, b FROM t", "DROP STATISTICS s", "- statistics object @.s"),
    # -- not a change
    Case(T + "CREATE INDEX i ON t (a)", "DROP INDEX i; CREATE INDEX i ON t (a)", ""),
    Case(G, "ALTER TABLE t DISABLE TRIGGER g; ALTER TABLE t ENABLE TRIGGER g", ""),
)
