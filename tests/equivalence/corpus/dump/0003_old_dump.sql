--
-- PostgreSQL database dump, as versions before 9.1 wrote it, in LATIN1
--

SET client_encoding = 'LATIN1';
SET standard_conforming_strings = off;
SET check_function_bodies = false;
SET client_min_messages = warning;
SET escape_string_warning = off;

SET search_path = public, pg_catalog;

SET default_tablespace = '';

CREATE TABLE straﬂen (
    id integer NOT NULL,
    name character varying(40) DEFAULT 'CafÈ \'am Eck\'; \\'
);

--
-- Data for Name: straﬂen; Type: TABLE DATA
--

COPY straﬂen (id, name) FROM stdin;
1	M¸llerstraﬂe; 'x'
2	\N
3	\\
\.

INSERT INTO straﬂen VALUES (4, DEFAULT);

CREATE FUNCTION gr¸ﬂe() RETURNS text
    AS 'BEGIN
    RETURN ''it''''s; gr¸ﬂ'';
END;'
    LANGUAGE plpgsql;

ALTER TABLE ONLY straﬂen
    ADD CONSTRAINT straﬂen_pkey PRIMARY KEY (id);

--
-- PostgreSQL database dump complete
--
