"""Reads SQL statements: text in, values out. It imports the standard library only."""
