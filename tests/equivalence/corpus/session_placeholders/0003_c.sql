-- Nor one that a stored function has set, by a name that it alone knows.
SELECT set_tenant();
