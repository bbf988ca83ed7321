-- Switched on again, of course.
DO $$
BEGIN
    INSERT INTO child VALUES (2);
EXCEPTION WHEN foreign_key_violation THEN
    INSERT INTO parent VALUES (2);
    INSERT INTO child VALUES (2);
END $$;
