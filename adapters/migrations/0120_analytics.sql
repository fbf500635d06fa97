-- A place for the views of analysts, and what each of them was last made from.
--
-- The views are made by {app} (adapters/postgres/analytics), since they change with the generations of read models.
-- Who may use the schema may read them: `campus migrate` lets the role of the analyst URL in.

CREATE SCHEMA IF NOT EXISTS {analytics_schema};
GRANT USAGE, CREATE ON SCHEMA {analytics_schema} TO {app};

CREATE TABLE analytics_views (
    name text COLLATE "C" PRIMARY KEY,
    stamp text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN analytics_views.stamp IS 'Digest of the statements that made it; the view is made again when that changes.';
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_views TO {app};
