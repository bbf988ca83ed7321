ALTER TYPE mood ADD VALUE 'ok';
INSERT INTO people VALUES ('Ann', 'ok');
