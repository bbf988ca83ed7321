-- A lone carriage return ends a comment.CREATE TABLE after_a_return (x int);INSERT INTO after_a_return VALUES (1); -- ;INSERT INTO after_a_return VALUES (2)
;
