"""Running migrations exactly right: files, scripts, the ledger, and the run itself.

The engine knows no UI, no docker and no command line, and prints nothing: it reports events.
"""
