-- Variables of the file's own do not exist any more in the next one.
SET app.tenant = 'acme';
CREATE TABLE t (tenant text DEFAULT current_setting('app.tenant', true));
INSERT INTO t VALUES (DEFAULT);
