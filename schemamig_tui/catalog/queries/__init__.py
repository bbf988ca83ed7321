"""The queries of a snapshot: one per kind of object, on pg_catalog alone, for PostgreSQL 14 to 18.

A result has a row for each object. These columns have a meaning of their own: ``oid``, ``kind``,
``namespace``, ``name``, ``owner``, ``comment``, ``grants``, ``usual_grants``, ``place``, ``text``,
``follows`` and ``implied`` are the fields of ``objects.Object``; ``parent`` is the oid of the
object that this one is a part of. Every other column is a fact, and its name the label. A NULL is
an absent fact.

Search_path has to be ``pg_catalog``: then every name of a person's object is written qualified. A
name (or a text) is NULL when another session has just dropped what it belongs to.

What only newer versions have is read as ``to_jsonb(row) ->> 'column'``, which is NULL before.
"""
