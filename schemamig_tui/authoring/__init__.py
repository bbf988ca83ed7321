"""What people do around a run: write migrations and their reversals, and put the ledger right."""
