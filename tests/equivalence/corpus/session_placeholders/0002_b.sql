INSERT INTO seen
select coalesce(current_setting('app.tenant', true)::int, 0);
CREATE FUNCTION set_tenant() RETURNS text LANGUAGE sql AS $$SELECT set_config('app' || '.tenant', '8', true)$$;
