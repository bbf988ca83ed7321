do $$begin execute 'alter database subject reset standard_conforming_strings'; end$$;
