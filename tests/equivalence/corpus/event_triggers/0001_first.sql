-- The ledger has to be there before anybody watches.
CREATE TABLE watched (tag text);
