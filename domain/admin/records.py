"""
What those who run and audit a campus have done: looks at records, disputes about what was signed, imports.

A look is a fact, so that the person who has looked cannot take it back. One hour of looks at a learner is one stream.
An import is a stream, so that each fact that came of it can name the file, and the person who brought it.
"""

from datetime import datetime, timedelta

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, Rejected
from domain.personal import PersonalKey, Words, read_words

MOST_LOOKS = 100  # of one person at one learner in an hour that are recorded one by one
UNSPECIFIED = "unspecified"  # the reason of a look for which none was given


def record_stream(learner_id: str, at: datetime) -> str:
    """The stream of the looks at a learner within the hour (UTC) of a time."""
    return stream_id("record", learner_id, f"{at:%Y-%m-%dT%H}")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a person looks at, and why.

    Attributes:
        what: the path of the request, of `why` with the view, the key and the field.
        known_at: the position as of which they look; None for the present.
        valid_at: the time as of which they look, if one was named.
        reason: as it was given.
    """

    what: str
    known_at: int | None = None
    valid_at: datetime | None = None
    reason: str = UNSPECIFIED


class Record(Aggregate):
    """The record of one learner, by the hour in which others have looked at it."""

    category = "record"
    ids = ("learner_id", "hour")
    keyed_by = "learner_id"

    class Viewed(Aggregate.Event):
        TOPIC = "record.viewed"
        by: str
        what: str
        known_at: int | None
        valid_at: datetime | None
        reason: Words

    class ViewedOften(Aggregate.Event):
        TOPIC = "record.viewed_often"
        by: str

    def initial_state(self) -> None:
        self.looks: dict[str, set[Look]] = {}  # by person
        self.often: set[str] = set()

    def view(self, by: str, look: Look, key: PersonalKey | None = None) -> None:
        """
        Record that a person looks; the same look once in the hour, and of very many only that there were more.

        Args:
            key: opens the reasons of earlier looks, which are sealed; not needed for a look without one.
        """
        looks = self.looks.get(by, set())
        if key is not None:
            looks = {msgspec.structs.replace(each, reason=read_words(each.reason, key)) for each in looks}
        if look in looks or by in self.often:
            return
        if len(looks) < MOST_LOOKS:
            self._viewed(by=by, **msgspec.structs.asdict(look))
        else:
            self._viewed_often(by=by)

    @event(Viewed)
    def _viewed(self, by: str, what: str, known_at: int | None, valid_at: datetime | None, reason: str) -> None:
        look = Look(what=what, known_at=known_at, valid_at=valid_at, reason=reason)
        self.looks.setdefault(by, set()).add(look)

    @event(ViewedOften)
    def _viewed_often(self, by: str) -> None:
        self.often.add(by)


def names_stream(run_id: str, reader_id: str, at: datetime) -> str:
    """The stream of one reader's looks at the names of the learners of a run, on the day (UTC) of a time."""
    return stream_id("names", run_id, reader_id, f"{at:%Y-%m-%d}")


class NamesOfRun(Aggregate):
    """The names of the learners of a run, as one reader has looked at them on one day (decisions/0385)."""

    category = "names"
    ids = ("run_id", "reader_id", "day")

    class Viewed(Aggregate.Event):
        TOPIC = "names.viewed"

    def initial_state(self) -> None:
        self.is_viewed = False

    def view(self) -> None:
        """Record that the reader looks; once on a day."""
        if not self.is_viewed:
            self._viewed()

    @event(Viewed)
    def _viewed(self) -> None:
        self.is_viewed = True


LONGEST_OPENING = timedelta(hours=24)  # of names that a break-glass request opens


class UnfitOpening(Rejected):
    """A break-glass request is for no time, or for too much."""

    code = "unfit_opening"
    template = "names are opened until a time within the next {hours} h, not until {until}"


def break_glass_stream(learner_id: str, reader_id: str) -> str:
    """The stream of the requests of one reader to see who a learner is."""
    return stream_id("break_glass", learner_id, reader_id)


class BreakGlass(Aggregate):
    """What one reader has asked for, to see who a learner is: until when the names are open, and why."""

    category = "break_glass"
    ids = ("learner_id", "reader_id")
    keyed_by = "learner_id"

    class Opened(Aggregate.Event):
        TOPIC = "break_glass.opened"
        until: datetime
        reason: Words

    def initial_state(self) -> None:
        self.until: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        """Whether the reader may see the names at a time."""
        return self.until is not None and at < self.until

    def open(self, until: datetime, reason: str, at: datetime) -> None:
        """Open the names from now (*at*) on; each request counts, the latest says until when."""
        if not at < until <= at + LONGEST_OPENING:
            hours = int(LONGEST_OPENING.total_seconds() // 3_600)
            raise UnfitOpening(until=until.isoformat(), hours=hours)
        self._opened(until=until, reason=reason)

    @event(Opened)
    def _opened(self, until: datetime, reason: str) -> None:
        self.until = until


TREES = "main"  # the one log of a campus


def trees_stream(log: str = TREES) -> str:
    """The stream of what persons have decided about the signed trees over the log."""
    return stream_id("checkpoint", log)


class NothingDisputed(Conflict):
    """The notary signs: no tree has to be given up, or not this one."""

    code = "nothing_disputed"
    template = "the notary does not refuse to sign the tree {origin}: there is nothing to resolve"


class SignedTrees(Aggregate):
    """The signed trees over the log: those that were given up, since the log is not what was signed, and why."""

    category = "checkpoint"
    ids = ("log",)

    class DisputeResolved(Aggregate.Event):
        TOPIC = "checkpoint.dispute_resolved"
        origin: str
        reason: str

    def initial_state(self) -> None:
        self.given_up: set[str] = set()

    def resolve(self, origin: str, reason: str) -> None:
        """Give a tree up, so that the notary begins another one; a second time changes nothing."""
        if origin not in self.given_up:
            self._dispute_resolved(origin=origin, reason=reason)

    @event(DisputeResolved)
    def _dispute_resolved(self, origin: str, reason: str) -> None:
        self.given_up.add(origin)


def import_stream(source: str, number: int) -> str:
    """The stream of one import: *source* is where its data come from, such as `oulad`; *number* counts from 1."""
    return stream_id("import", source, str(number))


class ImportBegan(Conflict):
    """Another import took this number meanwhile."""

    code = "import_began"
    template = "import {number} of {source} has begun already"


class ImportedTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table of an imported file, such as a CSV file in a zip file, and how many rows it has."""

    name: str
    rows: int


class ImportedRows(msgspec.Struct, frozen=True, kw_only=True):
    """
    What has become of the rows of a table.

    Attributes:
        not_chosen: rows of parts that were not to be imported.
        before: rows of parts that an earlier import has completed.
        imported: rows that are facts now, those included that an interrupted import had brought.
        refused: rows that were left out because they cannot be facts.
    """

    name: str
    read: int
    not_chosen: int
    before: int
    imported: int
    refused: int


class ImportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is imported.

    Attributes:
        file: its name, without the folder; *sha256* and *size* (bytes) are those of its content.
        plan: version of the rules by which its rows become facts.
        tables: in the order of their numbers, from 1, by which facts name them.
        parts: what is to be imported of it, such as presentations; *before* are those that are imported already.
        continues: the number of the import that was interrupted in these parts, if one was.
    """

    file: str
    sha256: str
    size: int
    plan: int
    tables: list[ImportedTable]
    parts: list[str]
    before: list[str]
    continues: int | None = None


class Import(Aggregate):
    """One import of data from elsewhere, from its beginning to its end."""

    category = "import"
    ids = ("source", "number")

    class Begun(Aggregate.Event):
        TOPIC = "import.begun"
        file: str
        sha256: str
        size: int
        plan: int
        tables: list[ImportedTable]
        parts: list[str]
        before: list[str]
        continues: int | None

    class Finished(Aggregate.Event):
        TOPIC = "import.finished"
        rows: list[ImportedRows]
        appended: int
        found: int
        irregular_by_rule: dict[str, int]

    class Interrupted(Aggregate.Event):
        TOPIC = "import.interrupted"
        reason: str

    def initial_state(self) -> None:
        self.parts: frozenset[str] = frozenset()
        self.has_ended = False
        self.is_whole = False

    def begin(self, what: ImportedFile) -> None:
        """Begin; raises ImportBegan if this import has begun."""
        if self.exists:
            raise ImportBegan(source=self.id_of("source"), number=self.id_of("number"))
        self._begun(**{name: getattr(what, name) for name in what.__struct_fields__})

    def finish(self, rows: list[ImportedRows], appended: int, found: int, irregular_by_rule: dict[str, int]) -> None:
        """All is in the log; *appended* facts now, and *found* by it. One that was thought interrupted may finish."""
        if not self.is_whole:
            self._finished(rows=rows, appended=appended, found=found, irregular_by_rule=irregular_by_rule)

    def interrupt(self, reason: str) -> None:
        """It has ended before its time; nothing if it is known to have ended."""
        if not self.has_ended:
            self._interrupted(reason=reason)

    @event(Begun)
    def _begun(
        self,
        file: str,
        sha256: str,
        size: int,
        plan: int,
        tables: list[ImportedTable],
        parts: list[str],
        before: list[str],
        continues: int | None,
    ) -> None:
        self.parts = frozenset(parts)

    @event(Finished)
    def _finished(self, rows: list[ImportedRows], appended: int, found: int, irregular_by_rule: dict[str, int]) -> None:
        self.has_ended = self.is_whole = True

    @event(Interrupted)
    def _interrupted(self, reason: str) -> None:
        self.has_ended = True
