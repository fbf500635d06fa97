"""
Question banks: questions with their keys, each in versions, with titles, categories and tags for the staff.

A bank has a stream of its own, and so has each of its questions: a bank may have ten thousand, and a change of one
reads none of the others. Both are keyed by the bank, so a bank lies in one partition of the log (decisions/0279).
"""

from collections.abc import Sequence
from typing import NamedTuple

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, NotFound, Rejected
from domain.questions import Key, Question, check_question
from domain.questions.html import cleaned
from domain.questions.sections import Label

LONGEST_TITLE, LONGEST_CATEGORY, LONGEST_TAG, MOST_TAGS = 255, 500, 60, 50


class BankNotFound(NotFound):
    """No question bank has this id."""

    code = "question_bank_not_found"
    template = "there is no question bank {bank_id}: create it first"


class BankExists(Conflict):
    """A bank of this id is there, with another title."""

    code = "question_bank_exists"
    template = "question bank {bank_id} exists with another title"


class QuestionNotFound(NotFound):
    """The bank has no question of this id."""

    code = "question_not_found"
    template = "question bank {bank_id} has no question {question_id}"


class QuestionExists(Conflict):
    """The bank has a question of this id that asks something else."""

    code = "question_exists"
    template = "question {question_id} of bank {bank_id} is another one: change it, or take another id"


class QuestionRetired(Conflict):
    """A retired question is not changed; it is restored first."""

    code = "question_retired"
    template = "question {question_id} of bank {bank_id} is retired: restore it first"


class BadLabel(Rejected):
    """A title, a category or a tag that is too long, or has line breaks."""

    code = "bad_label"


class Content(NamedTuple):
    """A version of a question: what is shown, and what is right."""

    question: Question
    key: Key


def bank_stream(bank_id: str) -> str:
    """The stream of a question bank."""
    return stream_id("question_bank", bank_id)


def question_stream(bank_id: str, question_id: str) -> str:
    """The stream of a question of a bank."""
    return stream_id("question", bank_id, question_id)


def checked_label(title: str, category: str, tags: Sequence[str]) -> Label:
    """A label with its tags sorted, each once; raises BadLabel."""
    path = "/".join(part for part in (each.strip() for each in category.split("/")) if part)
    tags = sorted({tag.strip() for tag in tags} - {""})
    for what, text, longest in (
        ("a title", title, LONGEST_TITLE),
        ("a category", path, LONGEST_CATEGORY),
        *(("a tag", tag, LONGEST_TAG) for tag in tags),
    ):
        if len(text) > longest or not text.isprintable():
            raise BadLabel(f"{what} has at most {longest} characters in one line, not {text[:80]!r}")
    if len(tags) > MOST_TAGS:
        raise BadLabel(f"a question has at most {MOST_TAGS} tags, not {len(tags)}")
    return Label(title=title, category=path, tags=list(tags))


class QuestionBank(Aggregate):
    """A bank; its questions have streams of their own."""

    category = "question_bank"
    ids = ("bank_id",)
    keyed_by = "bank_id"

    class Created(Aggregate.Event):
        TOPIC = "question_bank.created"
        title: str

    class Renamed(Aggregate.Event):
        TOPIC = "question_bank.renamed"
        old: str
        new: str

    def initial_state(self) -> None:
        self.title = ""

    def create(self, title: str) -> None:
        """Create the bank; the same once more changes nothing."""
        title = checked_label(title, "", ()).title
        if not self.exists:
            self._created(title=title)
        elif title != self.title:
            raise BankExists(bank_id=self.id_of("bank_id"))

    @event(Created)
    def _created(self, title: str) -> None:
        self.title = title

    def rename(self, title: str) -> None:
        """Give the bank another title."""
        if not self.exists:
            raise BankNotFound(bank_id=self.id_of("bank_id"))
        title = checked_label(title, "", ()).title
        if title != self.title:
            self._renamed(old=self.title, new=title)

    @event(Renamed)
    def _renamed(self, old: str, new: str) -> None:
        self.title = new


class BankQuestion(Aggregate):
    """One question of a bank, in versions that count from 1."""

    category = "question"
    ids = ("bank_id", "question_id")
    keyed_by = "bank_id"

    class Added(Aggregate.Event):
        TOPIC = "question.added"
        label: Label
        question: Question
        key: Key

    class Revised(Aggregate.Event):
        TOPIC = "question.revised"
        version: int
        old_question: Question
        old_key: Key
        question: Question
        key: Key

    class Relabelled(Aggregate.Event):
        TOPIC = "question.relabelled"
        old: Label
        new: Label

    class Retired(Aggregate.Event):
        TOPIC = "question.retired"
        reason: str

    class Restored(Aggregate.Event):
        TOPIC = "question.restored"
        reason: str

    def initial_state(self) -> None:
        self.label = Label()
        self.versions: list[Content] = []
        self.is_retired = False

    @property
    def names(self) -> dict[str, str]:
        """The ids of the question and of its bank."""
        return {name: self.id_of(name) for name in self.ids}

    def add(self, bank: QuestionBank, label: Label, question: Question, key: Key) -> None:
        """
        Put the question into the bank. The same content once more changes nothing, also under another label or when
        the question has been changed or retired since: it is how a file is imported twice.

        Raises:
            BankNotFound, QuestionExists; BadQuestion and BadLabel.
        """
        if not bank.exists:
            raise BankNotFound(bank_id=self.id_of("bank_id"))
        content = self._checked(question, key)
        if not self.exists:
            self._added(checked_label(label.title, label.category, label.tags), content.question, content.key)
        elif content not in self.versions:
            raise QuestionExists(**self.names)

    @event(Added)
    def _added(self, label: Label, question: Question, key: Key) -> None:
        self.label = label
        self.versions = [Content(question, key)]

    def revise(self, question: Question, key: Key) -> None:
        """Make a new version, unless it is the same as the newest one; attempts keep the version they have."""
        self._must_be_there()
        new, old = self._checked(question, key), self.versions[-1]
        if new != old:
            self._revised(len(self.versions) + 1, old.question, old.key, new.question, new.key)

    @event(Revised)
    def _revised(self, version: int, old_question: Question, old_key: Key, question: Question, key: Key) -> None:
        self.versions.append(Content(question, key))

    def relabel(self, label: Label) -> None:
        """Give the question another title, category or tags; that is no new version."""
        self._must_be_there()
        label = checked_label(label.title, label.category, label.tags)
        if label != self.label:
            self._relabelled(old=self.label, new=label)

    @event(Relabelled)
    def _relabelled(self, old: Label, new: Label) -> None:
        self.label = new

    def retire(self, reason: str) -> None:
        """Draw the question no more; quizzes and attempts that have it keep it. A second time changes nothing."""
        if not self.is_retired:
            self._must_be_there()
            self._retired(reason=reason)

    @event(Retired)
    def _retired(self, reason: str) -> None:
        self.is_retired = True

    def restore(self, reason: str) -> None:
        """Draw a retired question again."""
        if not self.exists:
            raise QuestionNotFound(**self.names)
        if self.is_retired:
            self._restored(reason=reason)

    @event(Restored)
    def _restored(self, reason: str) -> None:
        self.is_retired = False

    def _checked(self, question: Question, key: Key) -> Content:
        check_question(question, key)
        if question.question_id != self.id_of("question_id"):
            raise QuestionExists(**self.names)
        if question.format == "html":
            question, key = cleaned(question), cleaned(key)
        return Content(question, key)

    def _must_be_there(self) -> None:
        if not self.exists:
            raise QuestionNotFound(**self.names)
        if self.is_retired:
            raise QuestionRetired(**self.names)
