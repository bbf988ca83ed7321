"""The second connection: the run lock, and what the server does meanwhile."""
