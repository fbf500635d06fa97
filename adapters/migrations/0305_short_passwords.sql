-- Whose password is shorter than the staff's have to be (decisions/0269). What is known of its length is known to the process that sees it:
-- where it is chosen, and for older ones when the person signs in with it. No fact has it, which would tell for ever where to guess.

ALTER TABLE passwords ADD COLUMN is_short boolean;
COMMENT ON COLUMN passwords.is_short IS 'Whether it has less characters than those of the staff need; null as long as that is not known.';

ALTER TABLE sessions ADD COLUMN short_password boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN sessions.short_password IS 'Whether the password of the account was such a short one when the session was opened.';
