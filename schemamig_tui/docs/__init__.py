"""The schema of a database as documentation: DBML written from the catalog, read back, compared."""
