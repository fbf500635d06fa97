-- To whom mails went that were handed to the mail server, so that no one gets too many at a time (decisions/0522).
--
-- Of attempts from before it is not known: they count for no one. Forgotten with the attempt.

ALTER TABLE mail_attempts ADD COLUMN learner_id text COLLATE "C";
COMMENT ON COLUMN mail_attempts.learner_id IS 'Who gets the mail; null for attempts from before this column.';

CREATE INDEX mail_attempts_of_person ON mail_attempts (learner_id, begun_at);
