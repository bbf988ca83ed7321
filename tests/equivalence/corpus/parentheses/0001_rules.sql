-- The actions of a rule are separated by semicolons, in parentheses.
CREATE TABLE t (x int);
CREATE TABLE log (x int, what text);
CREATE RULE noted AS ON INSERT TO t DO ALSO (
    INSERT INTO log VALUES (NEW.x, 'insert; (');
    INSERT INTO log VALUES (NEW.x, $$second)$$); -- )
    NOTIFY t_changed;
);
INSERT INTO t VALUES (1), (2);
CREATE RULE silent AS ON DELETE TO t DO INSTEAD NOTHING;
DELETE FROM t;
CREATE OR REPLACE RULE noted_too AS ON UPDATE TO t WHERE (NEW.x > (1)) DO INSTEAD (SELECT 1; SELECT 2);
UPDATE t SET x = x + 10;
