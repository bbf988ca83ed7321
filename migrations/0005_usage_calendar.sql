-- Migration: Usage calendar
-- Date: 2025-09-22
-- Purpose: one row a day, so that a chart of usage has no gaps on days without any.

CREATE TABLE IF NOT EXISTS kb.usage_days (
    day DATE PRIMARY KEY,
    is_weekend BOOLEAN NOT NULL GENERATED ALWAYS AS (extract(isodow FROM day) > 5) STORED
);

COMMENT ON TABLE kb.usage_days IS 'Every day that usage can be shown for';
