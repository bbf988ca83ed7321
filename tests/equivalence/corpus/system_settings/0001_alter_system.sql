-- Neither of these is allowed in a transaction.
ALTER SYSTEM SET work_mem = '6MB';
ALTER SYSTEM SET log_min_duration_statement TO '1h';
ALTER SYSTEM RESET work_mem;
