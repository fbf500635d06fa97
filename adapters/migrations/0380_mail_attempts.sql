-- Mails of notifications that were handed to the mail server: one that died before its answer was noted is in doubt.
--
-- Not derived from the log. Without it a mail whose fact is missing is sent again, and the fact does not say so.

CREATE TABLE mail_attempts (
    key text COLLATE "C" PRIMARY KEY,
    attempt_id text NOT NULL DEFAULT '',
    attempts integer NOT NULL DEFAULT 0,
    doubtful integer NOT NULL DEFAULT 0,
    answer text DEFAULT 'not_taken',
    begun_at timestamptz NOT NULL
);
COMMENT ON COLUMN mail_attempts.key IS 'That of the job: the event id of the fact, and the name.';
COMMENT ON COLUMN mail_attempts.doubtful IS 'Attempts before the latest one whose answer is not known.';
COMMENT ON COLUMN mail_attempts.answer IS 'Of the latest attempt: taken or not_taken; null as long as it is not known.';

CREATE INDEX mail_attempts_begun ON mail_attempts (begun_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON mail_attempts TO {app};
