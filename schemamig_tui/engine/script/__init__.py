"""Reads the folder into files, cuts a file into statements, and decides how it has to be run."""
