-- And used by the next one.
CREATE TABLE kb.chunks (document_id int REFERENCES kb.documents);
