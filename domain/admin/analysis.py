"""
What analysts ask in SQL: who asked what, by the hour; and the queries that they save, with every version.

A statement may say anything about anyone, so that of a question is sealed with the key of the person who asked. A saved
query is work for others to find, as the text of a course is, and stands in clear.
"""

from datetime import datetime

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, Forbidden, NotFound
from domain.personal import PersonalKey, Words, read_words

MOST_QUESTIONS = 200  # of one person in an hour that are recorded one by one


def analysis_stream(analyst_id: str, at: datetime) -> str:
    """The stream of what a person asks within the hour (UTC) of a time."""
    return stream_id("analysis", analyst_id, f"{at:%Y-%m-%dT%H}")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was asked, and how it was answered.

    Attributes:
        statement: the SQL, as it was typed.
        format: in which the answer was given: `json`, `csv`, `parquet` or `arrow`.
        refused: the code of the refusal; None where there was an answer.
    """

    statement: str
    format: str
    refused: str | None = None


class Analysis(Aggregate):
    """What one person has asked the views of analysts within one hour."""

    category = "analysis"
    ids = ("learner_id", "hour")
    keyed_by = "learner_id"

    class Asked(Aggregate.Event):
        TOPIC = "analysis.asked"
        statement: Words
        format: str
        answered_rows: int | None
        refused: str | None

    class AskedOften(Aggregate.Event):
        TOPIC = "analysis.asked_often"

    def initial_state(self) -> None:
        self.questions: set[Question] = set()
        self.often = False

    def ask(self, question: Question, answered_rows: int | None, key: PersonalKey | None) -> None:
        """
        Record a question; the same once in the hour, and of very many only that there were more.

        Args:
            answered_rows: how many rows the first answer had; None without one.
            key: opens the statements of earlier questions; None in a campus that keeps no keys.
        """
        asked = self.questions
        if key is not None:
            asked = {msgspec.structs.replace(each, statement=read_words(each.statement, key)) for each in asked}
        if self.often or question in asked:
            return
        if len(asked) < MOST_QUESTIONS:
            self._asked(answered_rows=answered_rows, **msgspec.structs.asdict(question))
        else:
            self._asked_often()

    @event(Asked)
    def _asked(self, statement: str, format: str, answered_rows: int | None, refused: str | None) -> None:  # noqa: A002 - the field's name
        self.questions.add(Question(statement=statement, format=format, refused=refused))

    @event(AskedOften)
    def _asked_often(self) -> None:
        self.often = True


class SavedQueryNotFound(NotFound):
    """No saved query has this id, or it is another person's own."""

    code = "saved_query_not_found"
    template = "there is no saved query {query_id}"


class SavedQueryRemoved(Conflict):
    """The saved query was removed."""

    code = "saved_query_removed"
    template = "saved query {query_id} is removed: save it as another one"


class NotOwnQuery(Forbidden):
    """A shared query is changed or removed by another person than the one who has saved it."""

    code = "not_own_query"
    template = "saved query {query_id} is another person's: save a copy of it"


class SavedText(msgspec.Struct, frozen=True, kw_only=True):
    """What is saved: a name for people, and the SQL."""

    name: str
    statement: str


def saved_query_stream(owner_id: str, query_id: str) -> str:
    """The stream of a query that a person has saved."""
    return stream_id("saved_query", owner_id, query_id)


class SavedQuery(Aggregate):
    """A query that an analyst has saved, with all its versions; others read a shared one."""

    category = "saved_query"
    ids = ("learner_id", "query_id")
    keyed_by = "learner_id"

    class Saved(Aggregate.Event):
        TOPIC = "saved_query.saved"
        number: int
        query: SavedText
        shared: bool

    class Removed(Aggregate.Event):
        TOPIC = "saved_query.removed"

    def initial_state(self) -> None:
        self.number = 0
        self.query: SavedText | None = None
        self.shared = False
        self.is_removed = False

    def save(self, query: SavedText, *, shared: bool) -> None:
        """Save another version; the same once more changes nothing."""
        if self.is_removed:
            raise SavedQueryRemoved(query_id=self.id_of("query_id"))
        if (self.query, self.shared) != (query, shared):
            self._saved(number=self.number + 1, query=query, shared=shared)

    @event(Saved)
    def _saved(self, number: int, query: SavedText, shared: bool) -> None:
        self.number, self.query, self.shared = number, query, shared

    def remove(self) -> None:
        """Show it no more; a second time changes nothing."""
        if not self.exists:
            raise SavedQueryNotFound(query_id=self.id_of("query_id"))
        if not self.is_removed:
            self._removed()

    @event(Removed)
    def _removed(self) -> None:
        self.is_removed = True
