-- Which life of the log this is: together with the start of the server it tells readers whether what they remember of the
-- log is still its past. `campus log rewound` begins another life, where facts were taken back without a restart.

CREATE TABLE log_lives (
    number integer PRIMARY KEY,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text NOT NULL
);
INSERT INTO log_lives VALUES (1, clock_timestamp(), 'the first');
COMMENT ON TABLE log_lives IS 'Lives of the log that operators have begun; a restart of the server begins one by itself.';

GRANT SELECT, INSERT ON log_lives TO {app};
