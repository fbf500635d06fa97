-- Sessions in which an admin acts as a learner (decisions/0262): the session is one of the learner, and rests on one of the admin.
--
-- It is valid as long as the admin's own session is; that it was opened, by whom and why, is a fact (`session.impersonated`).

ALTER TABLE sessions
    ADD COLUMN actor_id text,
    ADD COLUMN actor_session_id text;
CREATE INDEX sessions_resting_on ON sessions (actor_id, actor_session_id) WHERE actor_id IS NOT NULL;
COMMENT ON COLUMN sessions.actor_id IS 'The admin who acts in this session as the learner; null in a session of the person.';
COMMENT ON COLUMN sessions.actor_session_id IS 'The session of the admin on which this one rests.';
