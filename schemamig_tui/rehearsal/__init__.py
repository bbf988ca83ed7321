"""Runs the pending migrations for real, in one transaction that is always rolled back."""
