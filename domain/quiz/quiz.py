"""
A quiz: what is asked in a unit of a run, and by which rules, in versions; an attempt keeps the version it began with.

What is asked may turn out to be wrong after learners have answered: a regrade changes a version, its attempts follow.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.kinds import SCORED_KINDS, plain_kind
from domain.late_policy import from_words_of_quizzes
from domain.quiz import regrade_facts
from domain.quiz.changes import Json, Regrade
from domain.quiz.items import Item, check_items
from domain.quiz.rules import Rules, Section, check_rules
from domain.quiz.version import Version, check_questions, contents_of
from domain.quiz_errors import AlreadyCommitted, BadQuiz, BadRegrade, QuizExists, RegradeNotFound, RegradeOutdated
from domain.score import FULL


def quiz_stream(quiz_id: str) -> str:
    return stream_id("quiz", quiz_id)


class Proposal(NamedTuple):
    """A regrade that was proposed, and the number of the one before it."""

    change: Regrade
    based_on: int


class Progress(NamedTuple):
    """How far a regrade is: the stream of the last attempt, and how many were looked at and changed."""

    last: str = ""
    done: int = 0
    changed: int = 0
    finished: bool = False


class Quiz(Aggregate):
    """What is asked in one unit of one course run, and by which rules."""

    category = "quiz"
    ids = ("quiz_id",)
    scope = "reference"
    tagged_by = ("run_id",)

    class Published(Aggregate.Event):
        """`questions` and `keys` are those of domain/questions, each as its JSON; `items` and `key` the older form."""

        TOPIC = "quiz.published"
        class_version = 3
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

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            """In version 2 a quiz without a late policy accepted late work, whatever its unit or run said."""
            rules = state.get("rules") or {}
            state["rules"] = {**rules, "late": from_words_of_quizzes(rules.get("late") or {})}

    RegradeProposed = regrade_facts.RegradeProposed
    RegradeCommitted = regrade_facts.RegradeCommitted
    RegradeProgressed = regrade_facts.RegradeProgressed

    def initial_state(self) -> None:
        self.proposals: dict[int, Proposal] = {}
        self.progress: dict[int, Progress] = {}  # of those that were committed
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
        check_questions(new)
        check_rules(rules, sections, new.item_ids)
        if self.exists:
            if (run_id, unit_id, kind) != (self.run_id, self.unit_id, self.kind):
                raise QuizExists(quiz_id=self.id_of("quiz_id"))
            if contents_of(new) == contents_of(self.current):
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

    def propose(self, change: Regrade, *, attempts: int, affected: int, reason: str) -> int:
        """
        Propose a regrade; the same as the newest one, if that can still be committed, is that one.

        Args:
            attempts: at the version; *affected* are those that would change.

        Returns:
            Its number.
        """
        if change.changes_nothing:
            raise BadRegrade("a regrade changes an item or the policy, and this one leaves all as it is")
        if not reason.strip():
            raise BadRegrade("a regrade has a reason")
        newest, based_on = max(self.proposals, default=0), self.versions[change.version].regrade_no
        if newest and newest not in self.progress and self.proposals[newest] == Proposal(change, based_on):
            return newest
        self._proposed(newest + 1, change, based_on, attempts, affected, reason)
        return newest + 1

    @event(regrade_facts.RegradeProposed)
    def _proposed(
        self, regrade_no: int, change: Regrade, based_on: int, attempts: int, affected: int, reason: str
    ) -> None:
        self.proposals[regrade_no] = Proposal(change, based_on)

    def proposal(self, regrade_no: int) -> Proposal:
        """A regrade by its number; raises RegradeNotFound."""
        if regrade_no not in self.proposals:
            raise RegradeNotFound(quiz_id=self.id_of("quiz_id"), regrade_no=regrade_no)
        return self.proposals[regrade_no]

    def open_proposal(self, regrade_no: int) -> Regrade:
        """
        What a regrade that may be committed would change.

        Raises:
            RegradeNotFound, RegradeOutdated: it was not proposed, or another one of the version was committed since.
            AlreadyCommitted: it holds.
        """
        change, based_on = self.proposal(regrade_no)
        if regrade_no in self.progress:
            raise AlreadyCommitted(regrade_no=regrade_no)
        if self.versions[change.version].regrade_no != based_on:
            raise RegradeOutdated(regrade_no=regrade_no)
        return change

    def commit(self, regrade_no: int) -> None:
        """Let a regrade hold; once more changes nothing. Raises RegradeNotFound, RegradeOutdated."""
        if regrade_no not in self.progress:
            self._committed(regrade_no=regrade_no, quiz_version=self.open_proposal(regrade_no).version)

    @event(regrade_facts.RegradeCommitted)
    def _committed(self, regrade_no: int, quiz_version: int) -> None:
        self.progress[regrade_no] = Progress()
        if quiz_version in self.versions and regrade_no in self.proposals:
            self.versions[quiz_version] = self.versions[quiz_version].after(
                self.proposals[regrade_no].change, regrade_no
            )

    def note_progress(self, regrade_no: int, *, last: str, done: int, changed: int, finished: bool) -> None:
        """A page of attempts was marked again: *done* in it, of which *changed* have other marks."""
        before = self.progress[regrade_no]
        self._progressed(regrade_no, last or before.last, before.done + done, before.changed + changed, finished)

    @event(regrade_facts.RegradeProgressed)
    def _progressed(self, regrade_no: int, last: str, done: int, changed: int, finished: bool) -> None:
        self.progress[regrade_no] = Progress(last, done, changed, finished)


def _check_limits(time_limit: int | None, attempts_allowed: int, pass_bp: int) -> None:
    if time_limit is not None and time_limit < 1:
        raise BadQuiz(f"a time limit is a second at least, not {time_limit}", time_limit=time_limit)
    if attempts_allowed < 1:
        raise BadQuiz(f"a quiz allows an attempt at least, not {attempts_allowed}", attempts_allowed=attempts_allowed)
    if not 0 <= pass_bp <= FULL:
        raise BadQuiz(f"the score to pass with is 0 to {FULL} basis points, not {pass_bp}", pass_bp=pass_bp)
