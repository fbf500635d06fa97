"""What a regrade changes; domain/quiz/regrade.py has the rules."""

from typing import Any

import msgspec

from domain.late_policy import LatePolicy

Json = dict[str, Any]
"""A question or its key, in the form of domain/questions."""


class ItemChange(msgspec.Struct, frozen=True):
    """One item, before and after: its question, whose points are its weight, and its key (see domain/questions)."""

    item_id: str
    old_question: Json
    old_key: Json
    question: Json
    key: Json


class Policy(msgspec.Struct, frozen=True):
    """What else decides about a score: what it takes to pass, and what becomes of late work; None: as the unit says."""

    pass_bp: int
    late: LatePolicy | None


class Regrade(msgspec.Struct, frozen=True):
    """What a regrade of one version changes."""

    version: int
    items: list[ItemChange]
    old_policy: Policy
    policy: Policy

    @property
    def reverse(self) -> "Regrade":
        """The one that takes it back."""
        items = [
            ItemChange(each.item_id, each.question, each.key, each.old_question, each.old_key) for each in self.items
        ]
        return Regrade(self.version, items, self.policy, self.old_policy)

    @property
    def changes_nothing(self) -> bool:
        """Whether everything is as it was."""
        return not self.items and self.policy == self.old_policy
