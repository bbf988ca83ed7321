-- The bytes of this file are in LATIN1, as it says itself.
SET client_encoding = 'LATIN1';
CREATE TABLE café (über text DEFAULT 'naïve; "ß"');
INSERT INTO café VALUES ('garçon'), (DEFAULT);
COMMENT ON TABLE café IS $é$L'été; $$ and 'more'$é$;
