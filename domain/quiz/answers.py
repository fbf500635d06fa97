"""
Answers: which responses fit what is asked, how they are stored, what a learner keeps of them, and what they score.

What was chosen is stored in clear, since statistics need it. A response with words of the learner is stored as JSON
text that is sealed with the learner's key.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from domain.quiz.items import Item
from domain.quiz.quiz import Json, Version
from domain.quiz_errors import BadResponse
from domain.score import Score

CHOICE = "single_choice"
"""The kind of a response to an item: its `option_id` is the index of the option, as text."""


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
        opened: Json | None = msgspec.json.decode(self.form.words) if self.form.words else self.form.response
        return opened


def stored_form(version: Version, item_id: str, response: Json | None) -> StoredForm:
    """
    How a response is stored; None takes an answer back.

    Raises:
        BadResponse: it does not fit its item.
    """
    item = _item(version, item_id)
    if item is None or response is None:
        return StoredForm(response if item is not None else None, "")
    option = response.get("option_id")
    if set(response) != {"kind", "option_id"} or response["kind"] != CHOICE or not _chosen(item, option):
        last = len(item.options) - 1
        raise BadResponse(
            f'the response to item {item_id} is {{"kind": "{CHOICE}", "option_id": "0"}}, up to {last}',
            item_id=item_id,
        )
    return StoredForm(response, "")


def _item(version: Version, item_id: str) -> Item | None:
    return next((item for item in version.items if item.item_id == item_id), None)


def _chosen(item: Item, option: Any) -> bool:
    return isinstance(option, str) and option in {str(number) for number in range(len(item.options))}


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


def mark_items(version: Version, items: Iterable[str], responses: dict[str, Json | None]) -> Score:
    """The score of items of choice by the key of *version*: a point for each right answer."""
    key = {item.item_id: right for item, right in zip(version.items, version.key, strict=True)}
    asked = list(items)
    right = sum((given := responses.get(item)) is not None and given["option_id"] == str(key[item]) for item in asked)
    return Score(right, len(asked)) if asked else Score(0)
