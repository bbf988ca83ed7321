-- The dump has left an empty search path; its trigger and its sequences work on.
CREATE TABLE after (x int);
INSERT INTO kb.documents (title) VALUES ('sixth') RETURNING id, updated;
INSERT INTO after SELECT nextval('numbers');
