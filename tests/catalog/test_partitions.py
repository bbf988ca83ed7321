"""Partitions and children: what they take over from a parent is reported for the parent."""

import pytest

from tests.catalog.conftest import Rehearsal, lines


@pytest.fixture
def tree(rehearsal: Rehearsal) -> Rehearsal:
    """A table with two partitions, one of them partitioned again, and a table on its own."""
    rehearsal.given("""
        CREATE TABLE log (k int, day date NOT NULL) PARTITION BY RANGE (day);
        CREATE INDEX log_k ON log (k);
        CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE log_2 PARTITION OF log DEFAULT PARTITION BY LIST (k);
        CREATE TABLE log_2_1 PARTITION OF log_2 FOR VALUES IN (1);
        CREATE TABLE apart (k int, day date NOT NULL);
    """)
    return rehearsal


def test_a_partition_does_not_repeat_what_its_parent_is_like(rehearsal: Rehearsal) -> None:
    assert rehearsal.changes("""
        CREATE TABLE log (k int, day date NOT NULL) PARTITION BY RANGE (day);
        CREATE INDEX log_k ON log (k);
        CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
    """) == lines("""
        + partitioned table public.log partition by RANGE (day)
            + k integer
            + day date not null
            + index log_k (k)
        + table public.log_1 partition of public.log FOR VALUES FROM (MINVALUE) TO ('2026-01-01')
    """)


def test_what_a_parent_hands_down_is_told_once(tree: Rehearsal) -> None:
    tree.given("ALTER TABLE log ADD gone int; CREATE INDEX log_gone ON log (k, gone)")
    assert tree.changes("""
        ALTER TABLE log ADD note text DEFAULT '', DROP gone;
        ALTER TABLE log ADD CONSTRAINT positive CHECK (k > 0), ALTER k SET DEFAULT 1;
        CREATE INDEX log_note ON log (note);
    """) == lines("""
        ~ partitioned table public.log
            - column gone integer
            ~ column k
                + default 1
            + column note text default ''::text
            + constraint positive CHECK (k > 0)
            - index log_gone (k, gone)
            + index log_note (note)
    """)


def test_new_names_and_types_of_a_parent_are_told_once(tree: Rehearsal) -> None:
    tree.given("ALTER TABLE log ADD note varchar(9)")
    assert tree.changes("""
        ALTER TABLE log RENAME TO journal;
        ALTER TABLE journal RENAME note TO remark; ALTER TABLE journal ALTER remark TYPE text;
        COMMENT ON COLUMN journal.k IS 'key';
    """) == lines("""
        ~ partitioned table public.log renamed to public.journal
            ~ column k
                + comment 'key'
            ~ column note renamed to remark
            ~ column remark: type character varying(9) -> text
    """)


def test_what_only_one_partition_has_is_told_of_it(tree: Rehearsal) -> None:
    assert tree.changes("""
        ALTER TABLE log_1 ALTER k SET DEFAULT 7; CREATE INDEX only_here ON log_1 (day);
    """) == lines("""
        ~ table public.log_1
            ~ column k
                + default 7
            + index only_here (day)
    """)


def test_a_foreign_key_from_and_to_partitions_is_one_constraint(tree: Rehearsal) -> None:
    tree.given("ALTER TABLE log ADD UNIQUE (k, day)")
    assert tree.changes("""
        ALTER TABLE log ADD CONSTRAINT itself FOREIGN KEY (k, day) REFERENCES log (k, day);
        ALTER TABLE apart ADD CONSTRAINT there FOREIGN KEY (k, day) REFERENCES log (k, day);
    """) == lines("""
        ~ table public.apart
            + constraint there FOREIGN KEY (k, day) REFERENCES public.log(k, day)
        ~ partitioned table public.log
            + constraint itself FOREIGN KEY (k, day) REFERENCES public.log(k, day)
    """)


def test_a_partition_is_attached_and_detached(tree: Rehearsal) -> None:
    assert tree.changes("""
        ALTER TABLE log DETACH PARTITION log_1;
        ALTER TABLE log ATTACH PARTITION apart FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
    """) == lines("""
        ~ table public.apart
            + partition of public.log FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')
            + index apart_k_idx (k) partition of public.log_k
        ~ table public.log_1
            - partition of public.log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    """)


def test_what_happens_to_a_detached_partition_is_its_own(tree: Rehearsal) -> None:
    assert tree.changes("""
        ALTER TABLE log DETACH PARTITION log_1; ALTER TABLE log_1 DROP k;
    """) == lines("""
        ~ table public.log_1
            - partition of public.log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
            - column k integer
            - index log_1_k_idx (k) partition of public.log_k
    """)


def test_a_table_that_inherits_has_columns_of_its_own(rehearsal: Rehearsal) -> None:
    assert rehearsal.changes("""
        CREATE TABLE parent (a int NOT NULL, CONSTRAINT c CHECK (a > 0));
        CREATE TABLE child (b int) INHERITS (parent);
    """) == lines("""
        + table public.child inherits (public.parent)
            + b integer
        + table public.parent
            + a integer not null
            + constraint c CHECK (a > 0)
    """)
    assert rehearsal.changes(
        "ALTER TABLE parent ADD c int; ALTER TABLE child ADD d int, NO INHERIT parent"
    ) == lines("""
        ~ table public.child
            - inherits public.parent
            + column c integer
            + column d integer
        ~ table public.parent
            + column c integer
    """)
