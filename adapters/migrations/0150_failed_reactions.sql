-- A reaction that was refused or has failed stays in sight until it is carried out or dismissed, and is tried again.
--
-- The rows of refused_reactions move over. Each of them is tried once more, which says whether it can still pass.

CREATE TABLE failed_reactions (
    position bigint NOT NULL,
    reaction text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    stream_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    code text NOT NULL,
    sentence text NOT NULL,
    waits_for text COLLATE "C",
    attempts integer NOT NULL DEFAULT 1,
    first_tried_at timestamptz NOT NULL DEFAULT now(),
    last_tried_at timestamptz NOT NULL DEFAULT now(),
    next_try_at timestamptz,
    code_version text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'dismissed')),
    settled_at timestamptz,
    settled_by text,
    reason text,
    PRIMARY KEY (position, reaction),
    CHECK ((state = 'waiting') = (settled_at IS NULL)),
    CHECK (state <> 'dismissed' OR (settled_by IS NOT NULL AND reason IS NOT NULL))
);
COMMENT ON TABLE failed_reactions IS 'Reactions that a rule has refused (code: the rule''s) or that have failed (code: failed).';
COMMENT ON COLUMN failed_reactions.position IS 'The fact that was reacted to.';
COMMENT ON COLUMN failed_reactions.key IS 'What the fact is about: the learner where there is one, else the stream.';
COMMENT ON COLUMN failed_reactions.waits_for IS 'The stream whose next fact may lift the refusal.';
COMMENT ON COLUMN failed_reactions.next_try_at IS 'NULL: not tried again by itself.';
COMMENT ON COLUMN failed_reactions.code_version IS 'Digest of the code that has tried last.';

CREATE INDEX failed_reactions_due ON failed_reactions (next_try_at) WHERE state = 'waiting';
CREATE INDEX failed_reactions_lifted ON failed_reactions (waits_for) WHERE state = 'waiting';
CREATE INDEX failed_reactions_key ON failed_reactions (key, position) WHERE state = 'waiting';

INSERT INTO failed_reactions (position, reaction, event_id, type, stream_id, key, code, sentence,
                              first_tried_at, last_tried_at, next_try_at)
SELECT r.position, r.reaction, coalesce(json_or_null(e.meta) ->> 'event_id', ''), e.type, e.stream_id,
       CASE WHEN e.stream_id ~ '^(enrollment|progress|attempt)-'
            THEN split_part(substr(e.stream_id, strpos(e.stream_id, '-') + 1), ':', 1)
            ELSE e.stream_id END,
       r.code, r.sentence, r.refused_at, r.refused_at, now()
  FROM refused_reactions AS r JOIN events AS e ON e.position = r.position;
DROP TABLE refused_reactions;

GRANT SELECT, INSERT, UPDATE, DELETE ON failed_reactions TO {app};
