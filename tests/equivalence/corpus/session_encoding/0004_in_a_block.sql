-- Only for one transaction.
BEGIN;
SET LOCAL client_encoding = 'LATIN1';
INSERT INTO café VALUES ('À la carte');
COMMIT;
