-- Messages of the payment provider that were left unmatched, the newest first: staff list them, and few of all facts are such.

CREATE INDEX events_unmatched_message ON events (position) WHERE type = 'provider.event_unmatched';
