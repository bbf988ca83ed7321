ALTER TYPE mood ADD VALUE 'ok';
CREATE TABLE seen AS SELECT 'ok'::mood::text AS what;
