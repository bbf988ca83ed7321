-- UTF-8 again, without a word.
INSERT INTO café VALUES ('façade — €'), (E'\u00e9\U0001F600');
