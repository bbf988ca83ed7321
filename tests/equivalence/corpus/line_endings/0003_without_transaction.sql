-- No transaction.
VACUUM t;
CREATE INDEX CONCURRENTLY
    t_x ON t (x);
