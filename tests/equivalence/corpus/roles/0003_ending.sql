-- One leaves.
DROP OWNED BY app_group;
DROP ROLE app_group;
ALTER ROLE app_admin RENAME TO app_boss;
ALTER TABLE app.later OWNER TO app_boss;
