-- Deferred until the end of a block, where everything is right.
CREATE TABLE parent (id int PRIMARY KEY, rank int UNIQUE DEFERRABLE);
CREATE TABLE child (parent_id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
BEGIN;
INSERT INTO child VALUES (1);
INSERT INTO parent VALUES (1, 1);
COMMIT;
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO parent VALUES (2, 2), (3, 3);
UPDATE parent SET rank = 3 WHERE id = 2;
UPDATE parent SET rank = 2 WHERE id = 3;
SET CONSTRAINTS parent_rank_key IMMEDIATE;
COMMIT;
