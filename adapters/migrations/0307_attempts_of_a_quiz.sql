-- The attempts at a quiz: who grades them and who marks them again asks for all of them.

CREATE INDEX events_attempts_of_quiz ON events (split_part(stream_id, ':', 2))
 WHERE type = 'attempt.started' OR type = 'attempt.submitted' OR type = 'attempt.graded';
