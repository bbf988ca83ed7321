-- Comments everywhere; and what only looks like one.
/* a /* nested; */ comment; ' */ INSERT /* ' */ INTO t /* " */ VALUES /* $$ */ ('one') /* ; */;
INSERT INTO t VALUES ('two') -- it's a comment; "
;
INSERT INTO t SELECT (2 */* times; */3)::text || (5-/* minus; */-1)::text || (1+--;
2)::text;
INSERT INTO t VALUES (2-1), (7/2), (2*/**/3); /**/ /***/ /*/**/*/ /* -- */
INSERT INTO t SELECT 'x' WHERE 1 <> ALL ('{2,3}') AND 3 <-- an operator and a comment;
4;
