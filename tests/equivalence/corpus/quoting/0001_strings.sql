-- Semicolons, quotes and dollars hide in strings of every kind.
CREATE TABLE t (x text);
INSERT INTO t VALUES ('a;b'), ('it''s; fine'), ('-- no comment; /* nor this'), ('$$; $x$');
INSERT INTO t VALUES (E'it\'s; \\'), (e'\\\'; \;'), (E'\x41\u00e9;'), ('back\slash'), ('ends in \');
INSERT INTO t VALUES (U&'\0061\+000062;'), (U&'d!0061t!+000061;' UESCAPE '!'), (N'national;');
INSERT INTO t VALUES (B'1010'::text), (X'1F'::text), (''), (''''), (E''), (E'\'');
INSERT INTO t VALUES ('con'
    'tin'   -- it's; a comment between the parts
    'ued;'), (E'also \'
'
'con\'tinued;');
INSERT INTO t VALUES ($$it's; $ $x$ "$$), ($body$ $$ ; $bod$ ' $body$), ($é$;$é$), ($_1$;$_1$);
INSERT INTO t VALUES ('several
lines;
-- here
'), ($$
;
$$);
