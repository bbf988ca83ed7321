"""Where the database is."""
