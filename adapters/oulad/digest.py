"""The digest of a presentation: equal for files with the same rows about it."""

import hashlib

import msgspec

from adapters.oulad.model import Presentation


def digest(presentation: Presentation) -> str:
    """SHA-256, in hex, of all rows about the presentation, in the order of the file."""
    sha = hashlib.sha256()
    head = (presentation.module, presentation.code, presentation.days, presentation.sites)
    sha.update(msgspec.json.encode((*head, list(presentation.assessments.values()), presentation.registrations)))
    for day in sorted(presentation.submissions):
        sha.update(msgspec.json.encode((day, presentation.submissions[day])))
    for day in sorted(presentation.activity):
        sha.update(f"{day}:".encode())
        sha.update(presentation.activity[day])
    return sha.hexdigest()
