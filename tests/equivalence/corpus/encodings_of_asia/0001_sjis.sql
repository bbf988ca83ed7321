-- In Shift JIS the second byte of a character may be a backslash.
SET client_encoding = 'SJIS';
CREATE TABLE sjis (name text);
INSERT INTO sjis VALUES ('表; ソ'), ('能');
INSERT INTO sjis VALUES (E'表'), (E'表\n; ''ソ');
COMMENT ON TABLE sjis IS '表';
