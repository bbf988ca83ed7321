"""The ledger: its table, the status of the folder that it gives, and the checkpoints in it."""
