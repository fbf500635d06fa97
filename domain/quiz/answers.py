"""
Answers: which responses fit what is asked, how they are stored, what a learner keeps of them, and what they score.

What was chosen is stored in clear, since statistics need it. A response with words of the learner is stored as JSON
text that is sealed with the learner's key.
"""

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from domain.questions import check_response, kind_of, response_from
from domain.quiz.changes import Json
from domain.quiz.version import Version

CHOSEN = frozenset(("single_choice", "multiple_choice", "true_false", "ordering", "matching"))
"""The kinds of responses that have no words of the learner."""


class StoredForm(NamedTuple):
    """A response as a fact has it: what was chosen, or JSON text with words in it."""

    response: Json | None
    words: str


class SavedAnswer(NamedTuple):
    """An answer as the log has it."""

    item_id: str
    client_seq: int
    form: StoredForm
    saved_at: datetime
    position: int

    @property
    def response(self) -> Json | None:
        """The response; of one with words only if they are opened."""
        opened: Json | None = msgspec.json.decode(self.form.words) if readable(self.form.words) else self.form.response
        return opened


def stored_form(version: Version, item_id: str, response: Json | None) -> StoredForm:
    """
    How a response to an item is stored; None takes an answer back.

    Raises:
        UnreadableQuestion, BadResponse: it is none, or does not fit its item.
    """
    if response is None:
        return StoredForm(None, "")
    question, _ = version.asked(item_id)
    typed = response_from(response)
    check_response(question, typed)
    if kind_of(typed) in CHOSEN:
        return StoredForm(msgspec.to_builtins(typed), "")
    return StoredForm(None, msgspec.json.encode(typed).decode())


def readable(words: str) -> bool:
    """Whether words are there, or are opened: those whose key is destroyed are not."""
    return words.startswith("{")


def receipt(stream: str, answer: SavedAnswer) -> str:
    """
    What the learner keeps of an answer, whose words are opened: the SHA-256, in hex, of its canonical JSON.

    The members are `attempt` (the id of the stream), `client_seq`, `item_id`, `response` and `saved_at` (UTC, with six
    digits of a second), in this order, without spaces, in UTF-8 with no escape that JSON does not demand; members of
    the response are sorted by their names. For what these hold it is the canonical form of RFC 8785.
    """
    content = {
        "attempt": stream,
        "client_seq": answer.client_seq,
        "item_id": answer.item_id,
        "response": answer.response,
        "saved_at": f"{answer.saved_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
