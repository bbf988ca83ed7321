-- And here it is.
INSERT INTO people VALUES ('Ann', 'happy'), ('Bob', 'so-so');
