"""
A quiz: what is asked in a unit of a run, and by which rules, in versions; an attempt keeps the version it began with.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.kinds import SCORED_KINDS, plain_kind
from domain.questions import Key, Question, check_question, draw, from_item, key_from, question_from
from domain.quiz.allowance import Allowance
from domain.quiz.items import MAX_ITEMS, Item, check_items
from domain.quiz.rules import Rules, Section, check_rules
from domain.quiz_errors import BadQuiz, QuizExists
from domain.score import FULL

Json = dict[str, Any]
"""A question or its key, in the form of domain/questions."""


def quiz_stream(quiz_id: str) -> str:
    return stream_id("quiz", quiz_id)


@dataclass(frozen=True)
class Version:
    """What was published at once; see `Quiz.publish`."""

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

    @cached_property
    def _asked(self) -> dict[str, tuple[Question, Key]]:
        asked: dict[str, tuple[Question, Key]] = {}
        for item, right in zip(self.items, self.key, strict=True):
            asked[item.item_id] = from_item(item, right)
        for question, key in zip(self.questions, self.keys, strict=True):
            asked[question["question_id"]] = question_from(question), key_from(key)
        return asked

    def asked(self, item_id: str) -> tuple[Question, Key]:
        """An item as a question with its key; raises KeyError for one that the version does not have."""
        return self._asked[item_id]

    @property
    def item_ids(self) -> list[str]:
        """The ids of all that may be asked."""
        return [item.item_id for item in self.items] + [each["question_id"] for each in self.questions]

    def paper(self, seed: str) -> list[str]:
        """What an attempt with this *seed* asks, in its order: drawn and shuffled within each section."""
        ids: list[str] = []
        for section in self.sections or [Section("all", "", self.item_ids)]:
            drawn = draw(section.items, section.pick, seed, f"section:{section.section_id}")
            among = set(drawn)
            ids += drawn if self.rules.order == "shuffled" else [item for item in section.items if item in among]
        return ids

    def ends_at(self, started_at: datetime, allowance: Allowance, run_ends_at: datetime) -> datetime:
        """When an attempt that was started at *started_at* ends, by all that limits it."""
        limits = [run_ends_at]
        if self.time_limit is not None:
            limits.append(started_at + timedelta(seconds=self.time_limit + allowance.extra_seconds))
        closes_at = self.closes_at(allowance)
        if closes_at is not None:
            limits.append(closes_at)
        return min(limits)

    def closes_at(self, allowance: Allowance) -> datetime | None:
        """From when on the learner starts no attempt; None where there is no such time."""
        if allowance.closes_at is not None:
            return allowance.closes_at
        ends = [self.rules.closes_at, self.due_at if self.rules.late.policy == "refuse" else None]
        return min((each for each in ends if each is not None), default=None)


class Quiz(Aggregate):
    """What is asked in one unit of one course run, and by which rules."""

    category = "quiz"
    ids = ("quiz_id",)
    scope = "reference"
    tagged_by = ("run_id",)

    class Published(Aggregate.Event):
        """`questions` and `keys` are those of domain/questions, each as its JSON; `items` and `key` the older form."""

        TOPIC = "quiz.published"
        class_version = 2
        version: int
        run_id: str
        unit_id: str
        kind: str
        title: str
        items: list[Item]
        key: list[int]
        key_hash: str
        time_limit: int | None
        attempts_allowed: int
        due_at: datetime | None
        pass_bp: int
        rules: Rules
        sections: list[Section]
        questions: list[Json]
        keys: list[Json]

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 a quiz had items of choice, and no rules: no attempt was started."""
            state |= {"rules": {}, "sections": [], "questions": [], "keys": []}

    def initial_state(self) -> None:
        self.run_id = ""
        self.unit_id = ""
        self.kind = ""
        self.versions: dict[int, Version] = {0: Version()}

    @property
    def current(self) -> Version:
        """The newest version, which attempts are started with."""
        return self.versions[max(self.versions)]

    @property
    def title(self) -> str:
        """Of the newest version."""
        return self.current.title

    @property
    def items(self) -> list[Item]:
        """The items of choice of the newest version."""
        return self.current.items

    @property
    def key(self) -> list[int]:
        """The key of the items."""
        return self.current.key

    @property
    def attempts_allowed(self) -> int:
        """How many attempts a learner has."""
        return self.current.attempts_allowed

    @property
    def due_at(self) -> datetime | None:
        """When it is due, if ever."""
        return self.current.due_at

    @property
    def pass_bp(self) -> int:
        """The score from which its unit counts as completed."""
        return self.current.pass_bp

    def version_of(self, number: int) -> Version:
        """A version by its number."""
        return self.versions[number]

    def publish(
        self,
        run_id: str,
        unit_id: str,
        kind: str,
        title: str,
        *,
        items: Sequence[Item] = (),
        key: Sequence[int] = (),
        time_limit: int | None = None,
        attempts_allowed: int = 1,
        due_at: datetime | None = None,
        pass_bp: int = 4_000,
        rules: Rules | None = None,
        sections: Sequence[Section] = (),
        questions: Sequence[Json] = (),
        keys: Sequence[Json] = (),
    ) -> None:
        """
        Publish the quiz, or its next version if something is different; *time_limit* is in seconds.

        Raises:
            QuizExists: it is published in another unit or run.
            BadQuiz: its parts contradict each other.
        """
        kind = self.kind if kind == self.kind else plain_kind(kind)
        if kind not in SCORED_KINDS and not self.exists and not self.importing:
            raise BadQuiz(f"{kind!r} is no kind of quiz; these are: {', '.join(SCORED_KINDS)}", kind=kind)
        check_items(items, key)
        _check_limits(time_limit, attempts_allowed, pass_bp)
        rules = rules or Rules()
        if rules.needs_start or questions or sections or (time_limit and not self.importing):
            rules = msgspec.structs.replace(rules, must_start=True)
        new = Version(
            max(self.versions) + 1,
            title,
            list(items),
            list(key),
            time_limit,
            attempts_allowed,
            due_at,
            pass_bp,
            rules,
            list(sections),
            list(questions),
            list(keys),
        )
        _check_questions(new)
        check_rules(rules, sections, new.item_ids)
        if self.exists:
            if (run_id, unit_id, kind) != (self.run_id, self.unit_id, self.kind):
                raise QuizExists(quiz_id=self.id_of("quiz_id"))
            if _contents(new) == _contents(self.current):
                return
        self._publish(new, run_id, unit_id, kind)

    def _publish(self, new: Version, run_id: str, unit_id: str, kind: str) -> None:
        secret: Any = [new.key, new.keys] if new.keys else new.key
        self._published(
            version=new.number,
            run_id=run_id,
            unit_id=unit_id,
            kind=kind,
            title=new.title,
            items=new.items,
            key=new.key,
            key_hash=hashlib.sha256(msgspec.json.encode(secret)).hexdigest(),
            time_limit=new.time_limit,
            attempts_allowed=new.attempts_allowed,
            due_at=new.due_at,
            pass_bp=new.pass_bp,
            rules=new.rules,
            sections=new.sections,
            questions=new.questions,
            keys=new.keys,
        )

    @event(Published)
    def _published(
        self,
        version: int,
        run_id: str,
        unit_id: str,
        kind: str,
        title: str,
        items: list[Item],
        key: list[int],
        key_hash: str,
        time_limit: int | None,
        attempts_allowed: int,
        due_at: datetime | None,
        pass_bp: int,
        rules: Rules,
        sections: list[Section],
        questions: list[Json],
        keys: list[Json],
    ) -> None:
        self.run_id, self.unit_id, self.kind = run_id, unit_id, kind
        limits = (time_limit, attempts_allowed, due_at, pass_bp)
        self.versions[version] = Version(version, title, items, key, *limits, rules, sections, questions, keys)


def _contents(version: Version) -> dict[str, Any]:
    """What is compared when a quiz is published again; whether attempts must be started follows from the rest."""
    rules = msgspec.structs.replace(version.rules, must_start=False)
    return {each.name: getattr(version, each.name) for each in fields(version)} | {"number": 0, "rules": rules}


def _check_questions(version: Version) -> None:
    """Refuse questions without keys, or listed twice, or that make no sense with them; raises BadQuiz, BadQuestion."""
    if len(version.questions) != len(version.keys) or len(version.item_ids) > MAX_ITEMS:
        raise BadQuiz(f"{len(version.questions)} questions and {len(version.keys)} keys: one each, {MAX_ITEMS} at most")
    if len(set(version.item_ids)) < len(version.item_ids):
        raise BadQuiz("an item is listed twice")
    for question in version.questions:
        check_question(*version.asked(question["question_id"]))


def _check_limits(time_limit: int | None, attempts_allowed: int, pass_bp: int) -> None:
    if time_limit is not None and time_limit < 1:
        raise BadQuiz(f"a time limit is a second at least, not {time_limit}", time_limit=time_limit)
    if attempts_allowed < 1:
        raise BadQuiz(f"a quiz allows an attempt at least, not {attempts_allowed}", attempts_allowed=attempts_allowed)
    if not 0 <= pass_bp <= FULL:
        raise BadQuiz(f"the score to pass with is 0 to {FULL} basis points, not {pass_bp}", pass_bp=pass_bp)
