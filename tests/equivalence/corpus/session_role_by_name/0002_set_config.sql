-- The role is changed by a function.
SELECT set_config('role', 'app_owner', false);
CREATE TABLE b (x int);
