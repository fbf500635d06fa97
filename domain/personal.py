"""
Personal data in facts: text that is sealed with a key of the person whom it is about.

The log keeps facts for ever, and a person may be forgotten: the key is destroyed, the fact stays, and what was sealed
is gone with the key. No fold needs a key. A fact has sealed text in fields of the type `Personal` only, which
docs/privacy.md lists. The text is bound to its place: in another stream, fact or field it does not open.
"""

from typing import Annotated, Protocol

import msgspec

from domain.errors import Conflict

PERSONAL = "x-personal"
Personal = Annotated[str, msgspec.Meta(extra_json_schema={PERSONAL: True})]
"""Text about a person, sealed."""


class PersonErased(Conflict):
    """The key of the person is destroyed: nothing more can be kept about them."""

    code = "person_erased"
    template = "what was kept about {learner_id} is erased, and nothing more can be added"


class PersonalKey(Protocol):
    """The key of one person, for the facts of one stream."""

    def seal(self, version: int, field: str, text: str) -> Personal:
        """Seal a text for a field of the stream's fact of this version; raises PersonErased without a key."""
        ...

    def open(self, sealed: Personal | None) -> str | None:
        """The text; None if there is none, if the key is gone, or if it was sealed for another stream."""
        ...
