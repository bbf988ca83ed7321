-- Settings before BEGIN hold inside, as pg_dump writes them.
SET search_path = '';
SELECT pg_catalog.set_config('work_mem', '5MB', false);
BEGIN TRANSACTION;
INSERT INTO public.t VALUES (6, pg_catalog.current_setting('work_mem'));
COMMIT TRANSACTION;
