"""From the folder to files, from a file to statements, and how the file has to be run."""
