-- The default is the default again.
CREATE TABLE plain (x int);
