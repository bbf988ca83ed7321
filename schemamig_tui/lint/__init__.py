"""Finds what is risky or unclear in pending migrations: the line, the reason, and the safer way."""
