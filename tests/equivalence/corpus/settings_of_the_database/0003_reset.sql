-- And takes it back for the ones to come.
ALTER DATABASE subject RESET search_path;
CREATE TABLE in_app_too (x int);
