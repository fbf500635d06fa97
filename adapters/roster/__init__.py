"""Rosters from elsewhere: OneRoster packages and plain lists, and what is done for each of their lines."""
