INSERT INTO seen VALUES ('before');
SELECT 1 / 0;
INSERT INTO seen VALUES ('after');
