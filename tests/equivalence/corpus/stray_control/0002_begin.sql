-- BEGIN inside of BEGIN is only a warning, and one COMMIT ends them both.
BEGIN;
INSERT INTO t VALUES (3);
BEGIN;
INSERT INTO t VALUES (4);
COMMIT;
INSERT INTO t VALUES (5);
