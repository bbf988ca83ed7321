ALTER TYPE mood ADD VALUE 'ok';
CREATE TABLE seen AS SELECT ('o' || 'k')::mood::text AS what;
