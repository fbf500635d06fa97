"""Keys of persons: what seals personal data, where the keys are, and what destroys them (docs/privacy.md)."""
