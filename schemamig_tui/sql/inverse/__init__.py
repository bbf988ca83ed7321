"""What takes a statement back, as far as its text tells: a table by kind of statement."""
