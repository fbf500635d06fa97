"""Transcripts: on which runs a learner had a place, how they ended, and what certifies it; as structs and as a page."""
