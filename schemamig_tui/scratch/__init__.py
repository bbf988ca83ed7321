"""Makes scratch databases, runs migrations in them from zero, and compares the schema.

``server`` is the embedded PostgreSQL for scratch databases, ``database`` makes and removes one,
``replay`` runs the applied migrations from zero, and ``comparison`` finds how the schema that they
make differs from the target's.
"""
