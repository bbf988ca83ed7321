-- A placeholder that a file has set in any way does not exist any more in the next one.
CREATE TABLE seen (tenant int);
with t as (select set_config('app.tenant', '7', false)) select * from t;
