-- Switched to and fro, in other spellings.
SET standard_conforming_strings TO 'off'; SET escape_string_warning = off;
INSERT INTO t VALUES ('\'; four');
RESET standard_conforming_strings;
INSERT INTO t VALUES ('E:\');
SELECT set_config('standard_conforming_strings', 'off', false);
INSERT INTO t VALUES ('\'; five');
SET standard_conforming_strings = on;
INSERT INTO t VALUES ('F:\');
