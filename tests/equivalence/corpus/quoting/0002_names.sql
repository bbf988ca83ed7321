-- Names of every kind, and dollars that quote nothing.
CREATE TABLE "a;b" ("it's" int, "dou""ble;" int, "-- x" int, "/* y" int, "$$" int);
CREATE TABLE a$$b (c$x$ int, d$1 int);
INSERT INTO a$$b (c$x$, d$1) VALUES (1, 2);
CREATE TABLE U&"d\0061t\+000061;" (x int);
CREATE TABLE U&"d!0061tum!003B" UESCAPE '!' (x int);
CREATE TABLE "naïve ☃;" ("Größe" int, größe int);
CREATE TABLE "begin" ("end" int, "case" int);
CREATE TABLE "; DROP TABLE t; --" (x int);
CREATE DOMAIN made AS text;
CREATE DOMAIN fée AS text;
CREATE DOMAIN e AS text;
INSERT INTO t VALUES (made'ends in \'), (fée'so does \'), (public.e '\'), (date'2025-01-01');
INSERT INTO t SELECT 'e'AS e;
PREPARE p (int, text) AS INSERT INTO t SELECT $2 || $1 || '$1';
EXECUTE p(1, '$2;');
