-- Announcements are few, and each process of the API folds them (adapters/announcements.py): it finds their facts by this.

CREATE INDEX events_announcements ON events (position)
 WHERE type IN ('announcement.published', 'announcement.changed', 'announcement.withdrawn');
