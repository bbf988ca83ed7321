-- There is nothing else.
COMMIT;
