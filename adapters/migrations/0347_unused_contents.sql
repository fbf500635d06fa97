-- Content of courses that nothing names any more is removed after a time (decisions/0333). What was uploaded for anything else
-- than a course is not: whether an answer names it cannot be seen, since what learners write is sealed. Until now courses alone
-- had content.
--
-- wanted_at is when content was uploaded last, or named last by an edit or a version of a course that was checked.

ALTER TABLE contents ADD COLUMN of_course boolean NOT NULL DEFAULT false;
ALTER TABLE contents ADD COLUMN wanted_at timestamptz NOT NULL DEFAULT now();
UPDATE contents SET of_course = true;
