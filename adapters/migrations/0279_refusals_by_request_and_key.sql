-- Refused commands are found by their request, refused reactions by the key of their fact, dismissed ones included.

CREATE INDEX refused_commands_request ON refused_commands (correlation_id) WHERE correlation_id IS NOT NULL;

CREATE INDEX failed_reactions_of_key ON failed_reactions (key, position) WHERE state <> 'done';
DROP INDEX failed_reactions_key;
