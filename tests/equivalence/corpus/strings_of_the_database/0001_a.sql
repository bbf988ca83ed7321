-- How strings are cut changes with the next session, whose files cannot be read before.
create table s (x text); alter database subject set standard_conforming_strings = off;
