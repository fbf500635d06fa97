"""The analysts' SDK: facts and read models as tables, and one's own projections over the real log."""
