-- Views of every kind; one is refreshed without locking, in a transaction.
CREATE VIEW recent AS SELECT * FROM events WHERE day > '2024-12-31' WITH CHECK OPTION;
CREATE RECURSIVE VIEW counting (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counting WHERE n < 5;
CREATE MATERIALIZED VIEW days AS SELECT day, count(*) FROM events GROUP BY day;
CREATE UNIQUE INDEX ON days (day);
INSERT INTO events (day) VALUES ('2031-01-01');
REFRESH MATERIALIZED VIEW CONCURRENTLY days;
CREATE MATERIALIZED VIEW later AS SELECT 1 AS x WITH NO DATA;
COMMENT ON COLUMN recent.day IS 'it''s; a day';
COMMENT ON COLUMN events.what IS E'a\nb';
