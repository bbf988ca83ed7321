-- What looks like a variable of psql, and is none.
CREATE TABLE t (a int[], "n" int, n2 int, what text);
INSERT INTO t VALUES ('{1,2,3}', 2, 3, 'x :''y'' :"z"');
SELECT a[1:2], a[:n], a[n:], a[1:"n"], a["n":"n2"], a[:'2'], a[1 :n2], n::text, "n"::"text", '1'::"int4" FROM t;
/* :'comment' */ -- :"comment"
DO $$ DECLARE x text; BEGIN x := 'y'; x :='z'; x := "substring"(':''a''', 1); END $$;
CREATE FUNCTION f(a text, b text DEFAULT 'x') RETURNS text LANGUAGE sql AS $$ SELECT a || b || ':''c''' $$;
SELECT f(a := 'y', b :='z'), f(a =>':''y''');
