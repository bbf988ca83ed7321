ALTER TYPE mood ADD VALUE 'last';
INSERT INTO people SELECT 'Eve', enum_last(NULL::mood);
