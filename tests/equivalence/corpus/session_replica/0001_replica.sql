-- Triggers and foreign keys are switched off, as data-only dumps do it.
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent);
SET session_replication_role = replica;
INSERT INTO child VALUES (1);
