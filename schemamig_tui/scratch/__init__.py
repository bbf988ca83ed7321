"""Makes scratch databases, runs migrations in them from zero, and compares the schema.

``server`` is the embedded PostgreSQL for them, ``database`` makes one and removes it, ``replay``
runs the applied migrations from zero, ``comparison`` says how the schema that they make differs.
"""
