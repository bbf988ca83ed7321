"""Takes over the migrations, and the ledger, of another tool."""
