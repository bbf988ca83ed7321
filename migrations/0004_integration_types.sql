-- Migration: Integration types
-- Date: 2025-09-16
-- Purpose: the systems that we know how to talk to. Run again, it brings names up to date.

BEGIN;

CREATE TEMPORARY TABLE incoming (LIKE kb.integration_types) ON COMMIT DROP;

COPY incoming (slug, name, category) FROM stdin WITH (FORMAT csv, HEADER);
slug,name,category
asana,Asana,tasks
box,Box,files
clickup,ClickUp,tasks
confluence,Confluence,wiki
dropbox,Dropbox,files
github,GitHub,code
gitlab,GitLab,code
google_drive,Google Drive,files
jira,Jira,tasks
notion,Notion,wiki
sharepoint,SharePoint,files
slack,Slack,chat
\.

INSERT INTO kb.integration_types AS known (slug, name, category)
SELECT slug, name, category
FROM incoming
ON CONFLICT (slug) DO UPDATE
SET name = excluded.name, category = excluded.category
WHERE (known.name, known.category) IS DISTINCT FROM (excluded.name, excluded.category);

DO $$
DECLARE
    summary TEXT;
BEGIN
    SELECT string_agg(format('%s %s', types, category), ', ' ORDER BY category)
    INTO summary
    FROM (SELECT category, count(*) AS types FROM kb.integration_types GROUP BY category) AS found;

    RAISE NOTICE 'Integration types: %', summary;
END
$$;

COMMIT;
