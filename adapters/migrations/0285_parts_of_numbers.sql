-- Parts of numbers that add up over many keys, found by the auditor for those who ask why: a fold like those of rows.

ALTER TABLE folds_as_of ADD COLUMN number text[], ADD COLUMN found bytea;
ALTER TABLE folds_as_of ALTER COLUMN found SET STORAGE EXTERNAL;  -- it is compressed
COMMENT ON COLUMN folds_as_of.number IS 'View, key and field of the number whose parts are asked for; NULL for whole rows.';
COMMENT ON COLUMN folds_as_of.found IS 'The parts, as MessagePack, compressed.';
