-- Only for one transaction, and back again by COMMIT.
BEGIN;
SET LOCAL standard_conforming_strings = off;
SET LOCAL escape_string_warning = off;
INSERT INTO t VALUES ('it\'s; three');
COMMIT;
INSERT INTO t VALUES ('D:\');
