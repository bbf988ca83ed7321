"""Empty databases that are made for a moment, and what is found out with them.

``server`` is the embedded PostgreSQL for them, ``database`` makes one and removes it, ``replay``
runs the applied migrations from zero, ``comparison`` says how the schema that they make differs.
"""
