"""Credentials of passed courses as signed documents: Open Badges 3.0, which are W3C Verifiable Credentials 2.0."""
