"""Processes: the relay, the projectors, the reactor, the importer and the seeder."""
