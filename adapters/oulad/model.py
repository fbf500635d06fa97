"""
The dataset by presentation. Days count from the start of the presentation, and may be negative.

Learners and sites are known by their index within the presentation, so that a row of activity is one 64-bit number:
the 10.6 million rows of the full release take 85 MB, and the numbers of their lines 42 MB more.
"""

from array import array
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

START_MONTHS = {letter: month for month, letter in enumerate("ABCDEFGHIJKL", start=1)}

MOST_UNITS = 5_000  # of a course version; a packed row has room for 65,536
MOST_LEARNERS = 1 << 24
MOST_CLICKS = 1_000_000  # in one row


class Site(NamedTuple):
    """A page, forum or other piece of material; the weeks are those for which it is planned."""

    site_id: str
    activity_type: str
    week_from: int | None
    week_to: int | None


class Assessment(NamedTuple):
    """Something to hand in; *kind* is tma, cma or exam, *due_on* a day, None where the dataset has none."""

    assessment_id: str
    kind: str
    due_on: int | None
    weight_bp: int


class Registration(NamedTuple):
    """One learner on the presentation: the days of registration and unregistration (None: unknown), and the result."""

    learner_id: str
    registered_on: int | None
    unregistered_on: int | None
    result: str


class Submission(NamedTuple):
    """One attempt: *learner* is an index into the registrations; banked results come from an earlier presentation."""

    learner: int
    assessment_id: str
    banked: bool
    score_bp: int | None


class Lines:
    """
    The lines of their files in which the rows of a presentation stand, from 1, the line of names included.

    They are no part of the digest: the same rows in another order are the same data.

    Attributes:
        course: the line of the presentation in `courses.csv`; *assessments* by assessment.
        infos: of `studentInfo.csv`, and *registrations* of `studentRegistration.csv`, as the registrations stand.
        submissions: of each day, as the submissions stand, and *activity* as the rows of activity do.
    """

    def __init__(self, course: int) -> None:
        self.course = course
        self.assessments: dict[str, int] = {}
        self.infos = _new_lines()
        self.registrations = _new_lines()
        self.submissions: defaultdict[int, array[int]] = defaultdict(_new_lines)
        self.activity: defaultdict[int, array[int]] = defaultdict(_new_lines)


def _new_lines() -> "array[int]":
    return array("I")  # 32 bits


class Presentation:
    """
    One run of a module.

    Attributes:
        registrations: in the order of the file.
        learners: index into the registrations, by the learner's id.
        submissions: those of each day, in the order of the file.
        activity: rows of each day, packed by `pack`.
        lines: where these rows stand in their files.
    """

    def __init__(self, module: str, code: str, days: int, line: int = 0) -> None:
        self.module, self.code, self.days = module, code, days
        self.lines = Lines(line)
        self.sites: list[Site] = []
        self.site_index: dict[str, int] = {}
        self.assessments: dict[str, Assessment] = {}
        self.registrations: list[Registration] = []
        self.learners: dict[str, int] = {}
        self.submissions: defaultdict[int, list[Submission]] = defaultdict(list)
        self.activity: defaultdict[int, array[int]] = defaultdict(new_activity)

    @property
    def run_id(self) -> str:
        """The presentation's name as the id of a run: `AAA-2013J`."""
        return f"{self.module}-{self.code}"

    @property
    def starts_at(self) -> datetime:
        """Midnight (UTC) of the first day: the letter of the code stands for a month, B for February, J for October."""
        return datetime(int(self.code[:4]), START_MONTHS[self.code[4]], 1, tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        """Midnight of the last day."""
        return self.at(self.days)

    def at(self, day: int) -> datetime:
        """Midnight of a *day*."""
        return self.starts_at + timedelta(days=day)


def new_activity() -> "array[int]":
    """An empty array of packed rows."""
    return array("Q")


def pack(learner: int, site: int, clicks: int) -> int:
    """One row of activity as a number; sorted, the rows of a learner stand together."""
    return learner << 40 | site << 24 | clicks


def unpack(row: int) -> tuple[int, int, int]:
    """Learner, site and clicks of a packed row."""
    return row >> 40, row >> 24 & 0xFFFF, row & 0xFFFFFF
