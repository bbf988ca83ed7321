-- Other databases come and go.
CREATE DATABASE subject_twin TEMPLATE template0 ENCODING 'UTF8';
CREATE DATABASE subject_triplet TEMPLATE = template0;
COMMENT ON DATABASE subject_twin IS 'the other one';
ALTER DATABASE subject_twin RENAME TO subject_other;
DROP DATABASE subject_triplet WITH (FORCE);
DROP DATABASE IF EXISTS subject_missing;
