-- In one statement.
INSERT INTO spoken VALUES (6), (7);
