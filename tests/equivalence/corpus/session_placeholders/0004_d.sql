INSERT INTO seen SELECT coalesce(current_setting('app.tenant', true)::int, 0);
