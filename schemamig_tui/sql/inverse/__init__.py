"""Finds what takes a statement back, as far as its text tells, by the kind of statement."""
