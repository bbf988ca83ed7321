"""Findings: what in pending migrations is risky or unclear, at its line, with the safer way."""
