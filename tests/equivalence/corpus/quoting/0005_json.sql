CREATE TABLE members AS SELECT json_object('a':'x', 'b' :'y') AS o, 'k' AS "k;";
INSERT INTO members SELECT json_object("k;":"k;", 'c':'it''s; ok'), NULL FROM members;
