"""One version of a quiz: what is asked and by which rules, as it is after its regrades."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from domain.deadlines import Deadline, OfQuiz
from domain.questions import Key, Question, check_question, draw, from_item, key_from, question_from
from domain.questions.question import FileUpload
from domain.quiz.allowance import Allowance
from domain.quiz.changes import ItemChange, Json, Regrade
from domain.quiz.items import MAX_ITEMS, Item
from domain.quiz.rules import Rules, Section
from domain.quiz_errors import BadQuiz


@dataclass(frozen=True)
class Version:
    """
    What was published at once, as it is after its regrades; see `Quiz.publish`.

    Attributes:
        changed: the last change of each item by a regrade.
        regrade_no: the number of the last regrade of this version, 0 for none.
    """

    number: int = 0
    title: str = ""
    items: list[Item] = field(default_factory=list)
    key: list[int] = field(default_factory=list)
    time_limit: int | None = None
    attempts_allowed: int = 1
    due_at: datetime | None = None
    pass_bp: int = 0
    rules: Rules = field(default_factory=Rules)
    sections: list[Section] = field(default_factory=list)
    questions: list[Json] = field(default_factory=list)
    keys: list[Json] = field(default_factory=list)
    changed: dict[str, ItemChange] = field(default_factory=dict)
    regrade_no: int = 0

    @cached_property
    def _asked(self) -> dict[str, tuple[Question, Key]]:
        asked: dict[str, tuple[Question, Key]] = {}
        for item, right in zip(self.items, self.key, strict=True):
            asked[item.item_id] = from_item(item, right)
        for question, key in zip(self.questions, self.keys, strict=True):
            asked[question["question_id"]] = question_from(question), key_from(key)
        for item_id, change in self.changed.items():
            asked[item_id] = question_from(change.question), key_from(change.key)
        return asked

    def asked(self, item_id: str) -> tuple[Question, Key]:
        """An item as a question with its key; raises KeyError for one that the version does not have."""
        return self._asked[item_id]

    @property
    def item_ids(self) -> list[str]:
        """The ids of all that may be asked."""
        return [item.item_id for item in self.items] + [each["question_id"] for each in self.questions]

    def asks_for_files(self, item_ids: Iterable[str]) -> bool:
        """Whether one of these items is answered by files."""
        return any(isinstance(self.asked(item_id)[0], FileUpload) for item_id in item_ids)

    def after(self, regrade: Regrade, regrade_no: int) -> "Version":
        """The version after a regrade."""
        rules = msgspec.structs.replace(self.rules, late=regrade.policy.late)
        changed = self.changed | {change.item_id: change for change in regrade.items}
        return replace(self, pass_bp=regrade.policy.pass_bp, rules=rules, changed=changed, regrade_no=regrade_no)

    def with_changes(self) -> "Version":
        """The same without regrades: its questions and keys are what regrades have made of them."""
        if not self.changed:
            return replace(self, regrade_no=0)
        asked = [self.asked(item_id) for item_id in self.item_ids]
        questions: list[Json] = [msgspec.to_builtins(question) for question, _ in asked]
        keys: list[Json] = [msgspec.to_builtins(key) for _, key in asked]
        return replace(self, items=[], key=[], questions=questions, keys=keys, changed={}, regrade_no=0)

    def paper(self, seed: str) -> list[str]:
        """What an attempt with this *seed* asks, in its order: drawn and shuffled within each section."""
        ids: list[str] = []
        for section in self.sections or [Section("all", "", self.item_ids)]:
            drawn = draw(section.items, section.pick, seed, f"section:{section.section_id}")
            among = set(drawn)
            ids += drawn if self.rules.order == "shuffled" else [item for item in section.items if item in among]
        return ids

    @property
    def of_quiz(self) -> OfQuiz:
        """What it says itself about its deadline."""
        return OfQuiz(self.due_at, self.rules.late)

    def ends_at(self, started_at: datetime, allowance: Allowance, deadline: Deadline) -> datetime:
        """When an attempt that was started at *started_at* ends, by all that limits it; the run ends at some time."""
        limits = [] if deadline.over_at is None else [deadline.over_at]
        if self.time_limit is not None:
            limits.append(started_at + timedelta(seconds=self.time_limit + allowance.extra_seconds))
        closes_at = self.closes_at(allowance, deadline)
        if closes_at is not None:
            limits.append(closes_at)
        return min(limits)

    def closes_at(self, allowance: Allowance, deadline: Deadline) -> datetime | None:
        """
        From when on the learner starts no attempt; None where there is no such time.

        It is when the quiz closes, or when late work is not accepted any more. An extension goes before the former.
        """
        if allowance.closes_at is not None:
            return allowance.closes_at
        closes_at = self.rules.closes_at
        if closes_at is not None and deadline.extended and deadline.due_at is not None:
            closes_at = max(closes_at, deadline.due_at)
        return min((each for each in (closes_at, deadline.accepted_until) if each is not None), default=None)


def contents_of(version: Version) -> dict[str, Any]:
    """What is compared when a quiz is published again; whether attempts must be started follows from the rest."""
    rules = msgspec.structs.replace(version.rules, must_start=False)
    return {each.name: getattr(version, each.name) for each in fields(version)} | {
        "number": 0,
        "rules": rules,
        "changed": {},
        "regrade_no": 0,
    }


def check_questions(version: Version) -> None:
    """Refuse questions without keys, or listed twice, or that make no sense with them; raises BadQuiz, BadQuestion."""
    if len(version.questions) != len(version.keys) or len(version.item_ids) > MAX_ITEMS:
        raise BadQuiz(f"{len(version.questions)} questions and {len(version.keys)} keys: one each, {MAX_ITEMS} at most")
    if len(set(version.item_ids)) < len(version.item_ids):
        raise BadQuiz("an item is listed twice")
    for question in version.questions:
        check_question(*version.asked(question["question_id"]))
