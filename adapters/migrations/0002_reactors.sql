-- How far the reactors are, and the reactions that a rule has refused: nothing disappears in a log file.

CREATE TABLE reactors (
    name text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);

CREATE TABLE refused_reactions (
    position bigint NOT NULL,
    reaction text COLLATE "C" NOT NULL,
    code text NOT NULL,
    sentence text NOT NULL,
    refused_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (position, reaction)
);
COMMENT ON COLUMN refused_reactions.position IS 'The fact that was reacted to.';

GRANT SELECT, INSERT, UPDATE, DELETE ON reactors, refused_reactions TO {app};
