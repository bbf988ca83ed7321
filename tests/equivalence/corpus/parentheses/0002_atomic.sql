-- Bodies of the SQL standard have semicolons, and CASE has an END.
CREATE FUNCTION sign_of(n int) RETURNS text LANGUAGE sql
BEGIN ATOMIC
    SELECT 1;
    SELECT CASE WHEN n < 0 THEN 'minus; ' WHEN n > 0 THEN CASE n WHEN 1 THEN 'one' ELSE 'plus' END ELSE 'END' END;
END;
CREATE OR REPLACE PROCEDURE add(n int) LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO t VALUES (n);
    INSERT INTO log VALUES (n, (SELECT sign_of(n) AS "end"));
END;
CALL add(5);
CREATE FUNCTION nothing() RETURNS void BEGIN ATOMIC END;
CREATE FUNCTION plain(n int) RETURNS int RETURN CASE WHEN n > 0 THEN 1 ELSE 0 END;
SELECT sign_of(-1), plain(2);
