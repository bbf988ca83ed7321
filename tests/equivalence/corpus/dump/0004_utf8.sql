-- Nothing of that is left.
INSERT INTO straßen VALUES (5, 'C:\'), (6, grüße());
