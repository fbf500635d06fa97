-- The last number that a generation of each read model has had, dropped ones included: no number is used twice, so that what
-- was said or noted of a generation stays true of it.

CREATE TABLE generation_numbers (
    name text COLLATE "C" PRIMARY KEY,
    last integer NOT NULL CHECK (last > 0)
);
COMMENT ON TABLE generation_numbers IS 'The last number of a generation of each read model; numbers are not used again.';
INSERT INTO generation_numbers SELECT name, max(generation) FROM projections GROUP BY name;

GRANT SELECT, INSERT, UPDATE ON generation_numbers TO {app};
