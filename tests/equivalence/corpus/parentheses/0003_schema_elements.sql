-- One statement makes a schema and all in it.
CREATE SCHEMA shop
    CREATE TABLE items (id int PRIMARY KEY, price numeric CHECK (price >= (0)))
    CREATE VIEW cheap AS SELECT id FROM items WHERE price < 10
    CREATE INDEX items_price ON items ((price * 2))
    GRANT SELECT ON items TO PUBLIC;
