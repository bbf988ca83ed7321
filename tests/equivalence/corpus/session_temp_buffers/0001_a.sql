-- PostgreSQL refuses to change temp_buffers in a session that has used a temporary table.
create temp table x as select 1 a;
