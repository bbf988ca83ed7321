-- Something permanent hangs on something temporary, and goes with it.
CREATE TEMP TABLE rates (currency text, rate numeric);
CREATE FUNCTION priced(r rates, amount numeric) RETURNS numeric
    LANGUAGE sql AS 'SELECT r.rate * amount';
CREATE VIEW current_rates AS SELECT * FROM rates;
CREATE TABLE plain (x int);
