"""
Question banks: questions with their keys, each in versions, with titles, categories and tags for the staff.

A bank has a stream of its own, and so has each of its questions: a bank may have ten thousand, and a change of one
reads none of the others. Both are keyed by the bank, so a bank lies in one partition of the log (decisions/0279).

A bank is of a course, whose teachers read and write it, or of the campus; it may be shared with other courses, whose
teachers read it and draw from it (decisions/0406).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, Forbidden, NotFound, Rejected
from domain.questions import Key, Question, check_question
from domain.questions.html import cleaned
from domain.questions.sections import Label

LONGEST_TITLE, LONGEST_CATEGORY, LONGEST_TAG, MOST_TAGS = 255, 500, 60, 50
OF_CAMPUS = ""
"""In place of a course: a bank that is of none, and that staff of the whole campus keep."""


class BankNotFound(NotFound):
    """No question bank has this id."""

    code = "question_bank_not_found"
    template = "there is no question bank {bank_id}: create it first"


class BankExists(Conflict):
    """A bank of this id is there, with another title, or of another course."""

    code = "question_bank_exists"
    template = "question bank {bank_id} exists with another title, or belongs to another course: take another id"


class BankNotShared(Forbidden):
    """A quiz draws from a bank that is of another course, or of the campus, and not shared with its course."""

    code = "question_bank_not_shared"
    template = "question bank {bank_id} is not of course {course_id}, nor shared with it: ask its keepers to share it"


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
    """
    A bank; its questions have streams of their own.

    Attributes:
        course_id: whose bank it is, OF_CAMPUS for none.
        shared_with: other courses whose quizzes may draw from it.
    """

    category = "question_bank"
    ids = ("bank_id",)
    keyed_by = "bank_id"

    class Created(Aggregate.Event):
        TOPIC = "question_bank.created"
        class_version = 2
        title: str
        course_id: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 all banks were of the campus."""
            state["course_id"] = OF_CAMPUS

    class Renamed(Aggregate.Event):
        TOPIC = "question_bank.renamed"
        old: str
        new: str

    class Moved(Aggregate.Event):
        TOPIC = "question_bank.moved"
        old: str
        new: str

    class Shared(Aggregate.Event):
        TOPIC = "question_bank.shared"
        course_id: str

    class Unshared(Aggregate.Event):
        TOPIC = "question_bank.unshared"
        course_id: str

    def initial_state(self) -> None:
        self.title = ""
        self.course_id = OF_CAMPUS
        self.shared_with: set[str] = set()

    def create(self, title: str, course_id: str = OF_CAMPUS) -> None:
        """Create the bank of a course, or of the campus; the same once more changes nothing."""
        title = checked_label(title, "", ()).title
        if not self.exists:
            self._created(title=title, course_id=course_id)
        elif (title, course_id) != (self.title, self.course_id):
            raise BankExists(bank_id=self.id_of("bank_id"))

    @event(Created)
    def _created(self, title: str, course_id: str) -> None:
        self.title, self.course_id = title, course_id

    def rename(self, title: str) -> None:
        """Give the bank another title."""
        self._must_be_there()
        title = checked_label(title, "", ()).title
        if title != self.title:
            self._renamed(old=self.title, new=title)

    @event(Renamed)
    def _renamed(self, old: str, new: str) -> None:
        self.title = new

    def move(self, course_id: str) -> None:
        """
        Give the bank to another course, or to the campus; the course that had it reads it no more.

        Quizzes keep the questions that they have drawn.
        """
        self._must_be_there()
        if course_id != self.course_id:
            self._moved(old=self.course_id, new=course_id)

    @event(Moved)
    def _moved(self, old: str, new: str) -> None:
        self.course_id = new
        self.shared_with.discard(new)

    def share(self, course_id: str) -> None:
        """Let a course read the bank, and its quizzes draw from it."""
        self._must_be_there()
        if not self.is_open_to(course_id):
            self._shared(course_id=course_id)

    @event(Shared)
    def _shared(self, course_id: str) -> None:
        self.shared_with.add(course_id)

    def unshare(self, course_id: str) -> None:
        """Let a course read the bank no more; its quizzes keep the questions that they have drawn."""
        self._must_be_there()
        if course_id in self.shared_with:
            self._unshared(course_id=course_id)

    @event(Unshared)
    def _unshared(self, course_id: str) -> None:
        self.shared_with.discard(course_id)

    def is_open_to(self, course_id: str) -> bool:
        """Whether the quizzes of a course may draw from it; from one that there is not none may."""
        return course_id == self.course_id or course_id in self.shared_with

    def must_be_open_to(self, course_id: str) -> None:
        """Raise BankNotShared unless the quizzes of a course may draw from it."""
        if not self.is_open_to(course_id):
            raise BankNotShared(bank_id=self.id_of("bank_id"), course_id=course_id)

    def _must_be_there(self) -> None:
        if not self.exists:
            raise BankNotFound(bank_id=self.id_of("bank_id"))


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
