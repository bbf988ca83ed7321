-- schemamig: no-transaction
-- A cursor WITH HOLD needs no transaction, whatever else it is.
DECLARE "cursor" BINARY INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT 1;
CLOSE "cursor";
