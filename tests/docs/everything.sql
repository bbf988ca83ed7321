-- One of each thing that a schema can have, and names that are hard to write.
CREATE SCHEMA kb;
COMMENT ON SCHEMA kb IS 'Knowledge base: it''s all here';
CREATE SCHEMA "odd.schema ""x""";
CREATE SCHEMA empty;

CREATE TYPE kb.state AS ENUM ('new', 'in review', 'it''s "done"', 'back\slash', 'näht' );
COMMENT ON TYPE kb.state IS 'Where a document stands';
CREATE TYPE kb.nothing AS ENUM ();
CREATE TYPE "odd.schema ""x"""."an ""enum""" AS ENUM ('a.b', E'two\nlines', '''''''');
CREATE DOMAIN kb.email AS text CHECK (VALUE LIKE '%@%');
COMMENT ON DOMAIN kb.email IS 'An address';
CREATE TYPE kb.pair AS (a int, b text);
CREATE TYPE kb.span AS RANGE (subtype = float8);

CREATE FUNCTION kb.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'x'; RETURN NEW; END $$;
CREATE FUNCTION kb.twice(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * i';
CREATE FUNCTION kb.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
COMMENT ON FUNCTION kb.twice(int) IS 'Doubles';

CREATE TABLE kb.authors (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email kb.email NOT NULL UNIQUE,
    name varchar(200) COLLATE "C" NOT NULL,
    rank numeric(12, 2) DEFAULT 0.5,
    delta int DEFAULT -1,
    born date DEFAULT '1970-01-01',
    tags text[] NOT NULL DEFAULT '{}',
    grid int[][],
    active boolean NOT NULL DEFAULT true,
    gone timestamp(3) with time zone DEFAULT now(),
    length interval day to second,
    bits bit varying(5),
    code "char",
    nothing text DEFAULT NULL,
    quoted text DEFAULT 'it''s',
    backtick text DEFAULT '`',
    backslash text DEFAULT 'a\b',
    empty text DEFAULT '',
    doubled int GENERATED ALWAYS AS (kb.twice(1)) STORED,
    CONSTRAINT "a name's check" CHECK (rank >= 0 AND name <> ''),
    CHECK (backtick <> '`'),
    CONSTRAINT later CHECK (delta < 100) NOT VALID,
    CONSTRAINT own CHECK (delta > -100) NO INHERIT,
    UNIQUE (name, born)
);
COMMENT ON TABLE kb.authors IS E'People who write.\n\n  An indented line,\n''''''three quotes'''''' and a back\\slash';
COMMENT ON COLUMN kb.authors.email IS E'one line, it''s "quoted", with a \\ and\nanother';
COMMENT ON COLUMN kb.authors.name IS '// from the database';
COMMENT ON COLUMN kb.authors.rank IS '  spaces at both ends  ';
COMMENT ON CONSTRAINT "a name's check" ON kb.authors IS 'why it is so';
COMMENT ON CONSTRAINT authors_name_born_key ON kb.authors IS 'no twins';

CREATE TABLE kb.documents (
    id uuid DEFAULT gen_random_uuid(),
    part int,
    author bigint REFERENCES kb.authors ON DELETE SET NULL ON UPDATE CASCADE,
    editor bigint CONSTRAINT "the editor" REFERENCES kb.authors DEFERRABLE INITIALLY DEFERRED,
    state kb.state NOT NULL DEFAULT 'new',
    states kb.state[],
    odd "odd.schema ""x"""."an ""enum""" DEFAULT 'a.b',
    none kb.nothing,
    note text,
    body tsvector,
    pair kb.pair,
    parent_id uuid,
    parent_part int,
    at tstzrange,
    CONSTRAINT documents_key PRIMARY KEY (id, part),
    FOREIGN KEY (parent_id, parent_part) REFERENCES kb.documents ON DELETE CASCADE,
    CONSTRAINT again FOREIGN KEY (author) REFERENCES kb.authors,
    CONSTRAINT itself FOREIGN KEY (id, part) REFERENCES kb.documents,
    CONSTRAINT u UNIQUE (author, state) INCLUDE (note) DEFERRABLE,
    CONSTRAINT no_overlap EXCLUDE USING gist (at WITH &&) WHERE (part > 0)
);
CREATE INDEX documents_state ON kb.documents (state, part DESC NULLS LAST);
CREATE INDEX ON kb.documents USING gin (body);
CREATE INDEX lowered ON kb.documents (lower(note), (part + 1)) WHERE note IS NOT NULL;
CREATE UNIQUE INDEX one_note ON kb.documents (note text_pattern_ops) INCLUDE (part) WITH (fillfactor = 70);
CREATE INDEX twice ON kb.documents (part, part DESC);
CREATE INDEX ticked ON kb.documents ((note || '`'));
CREATE INDEX hashed ON kb.documents USING hash (note);
COMMENT ON INDEX kb.documents_state IS 'for the list';
CREATE TRIGGER touch BEFORE UPDATE ON kb.documents FOR EACH ROW EXECUTE FUNCTION kb.touch();
CREATE RULE silent AS ON DELETE TO kb.documents DO INSTEAD NOTHING;
ALTER TABLE kb.documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON kb.documents FOR SELECT TO PUBLIC USING (note = current_user);
COMMENT ON POLICY mine ON kb.documents IS 'own ones';

CREATE TABLE kb.events (at timestamptz NOT NULL, kind text NOT NULL, author bigint REFERENCES kb.authors,
    PRIMARY KEY (at, kind)) PARTITION BY RANGE (at);
CREATE INDEX events_kind ON kb.events (kind);
CREATE TABLE kb.events_2025 PARTITION OF kb.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE kb.events_rest PARTITION OF kb.events DEFAULT;
CREATE INDEX events_rest_author ON kb.events_rest (author);
CREATE TABLE kb.archive (reason text) INHERITS (kb.authors);
CREATE UNLOGGED TABLE kb.cache (key text PRIMARY KEY, value jsonb) WITH (fillfactor = 80);
CREATE TABLE kb.seen (event timestamptz, kind text, FOREIGN KEY (event, kind) REFERENCES kb.events);

CREATE TABLE "odd.schema ""x"""."Table.with ""quotes""" (
    "Note" int, indexes text, checks int, "null" int, "a.b" int PRIMARY KEY, "it's" int, "back\slash" int,
    "two
lines" int, "'''" int, "tab	bed" text, "1st" int UNIQUE, "Ünï" int, "ref" int,
    "primary" int, "[x]" "odd.schema ""x"""."an ""enum""", "//" int, "/* */" int, "`" int, "{" int, "records" int, "~x" int,
    FOREIGN KEY ("it's") REFERENCES "odd.schema ""x"""."Table.with ""quotes""" ("a.b")
);
COMMENT ON TABLE "odd.schema ""x"""."Table.with ""quotes""" IS E'''''''';
COMMENT ON COLUMN "odd.schema ""x"""."Table.with ""quotes"""."Note" IS E'ends with a quote''';
CREATE INDEX "an index ""x""" ON "odd.schema ""x"""."Table.with ""quotes""" ("back\slash", "Note");
CREATE TABLE public.plain (id serial PRIMARY KEY, "user" text UNIQUE);
CREATE TABLE public."Plain" (id int);
-- The server writes CASE over several lines.
CREATE TABLE public.cases (
    a int DEFAULT CASE WHEN now() > '2025-01-01' THEN 1 ELSE 2 END,
    b text GENERATED ALWAYS AS (CASE WHEN true THEN 'x' ELSE 'y' END) STORED,
    c int[] DEFAULT ARRAY[1, 2], "😀" text DEFAULT '😀', d text DEFAULT E'two\nlines\t',
    CHECK (CASE WHEN a > 1 THEN true ELSE a IS NOT NULL END)
);
CREATE INDEX on_case ON public.cases ((CASE WHEN a > 1 THEN 1 ELSE 2 END)) WHERE CASE WHEN a > 1 THEN true END;
CREATE TABLE public.no_columns ();
COMMENT ON TABLE public.no_columns IS 'holds nothing';

CREATE VIEW kb.active AS SELECT id, name FROM kb.authors WHERE active;
COMMENT ON VIEW kb.active IS 'those who write today';
CREATE MATERIALIZED VIEW kb.counted AS SELECT state, count(*) AS n FROM kb.documents GROUP BY 1;
CREATE UNIQUE INDEX counted_state ON kb.counted (state);
CREATE SEQUENCE kb.numbers START 100 INCREMENT 5;
CREATE STATISTICS kb.stats (dependencies) ON author, editor FROM kb.documents;
CREATE COLLATION kb.plain FROM "C";
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION kb.watch();
CREATE PUBLICATION all_of_it FOR TABLE kb.documents;
