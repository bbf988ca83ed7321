-- Partitions, inheritance, generated and identity columns, constraints, triggers.
CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL, what text)
    PARTITION BY RANGE (day);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT PARTITION BY HASH (id);
CREATE TABLE events_rest_0 PARTITION OF events_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE events_rest_1 PARTITION OF events_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX events_day ON events (day);
INSERT INTO events (day, what) SELECT date '2024-12-30' + i, 'e' || i FROM generate_series(0, 5) AS i;
CREATE TABLE base (x int, CHECK (x > 0) NO INHERIT);
CREATE TABLE derived (y int GENERATED ALWAYS AS (x * 2) STORED) INHERITS (base);
INSERT INTO derived (x) VALUES (21);
CREATE UNLOGGED TABLE scratch (id serial PRIMARY KEY, r int4range, EXCLUDE USING gist (r WITH &&));
INSERT INTO scratch (r) VALUES ('[1,2)'), ('[2,3)');
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.what := NEW.what || ';';
    RETURN NEW;
END;
$$;
CREATE TRIGGER stamps BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.what <> '') EXECUTE FUNCTION stamp();
INSERT INTO events (day, what) VALUES ('2024-02-29', 'leap'), ('2030-01-01', 'far');
CREATE STATISTICS both_columns ON day, what FROM events_2024;
ALTER TABLE events ALTER what SET DEFAULT 'n/a', ADD COLUMN tag text;
CREATE SEQUENCE numbers START 10 INCREMENT BY -5 MINVALUE -100 MAXVALUE 10 CYCLE OWNED BY events.tag;
SELECT nextval('numbers'), nextval('numbers'), setval('scratch_id_seq', 1000, false);
TRUNCATE events_2024;
