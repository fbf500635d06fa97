-- A person's address may be changed, and a forgotten password replaced (docs/privacy.md).
--
-- An address that was given up belongs to no other account until the change can be taken back no more. Mails about a forgotten
-- password have turns of their own, since their links last an hour: who asks for registrations must not use them up.

ALTER TABLE account_addresses
    ADD COLUMN resets integer NOT NULL DEFAULT 0,
    ADD COLUMN reset_at timestamptz,
    ADD COLUMN released_at timestamptz;
CREATE INDEX account_addresses_released ON account_addresses (released_at) WHERE released_at IS NOT NULL;
COMMENT ON COLUMN account_addresses.resets IS 'How often it was said that the password is forgotten; reset_at is the last time.';
COMMENT ON COLUMN account_addresses.released_at IS 'When the account has got another address; null for the one that it has.';
