"""One unit of a course: what it is, what completes it, when it is due, and where its content is."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from domain.kinds import Kind
from domain.late_policy import LatePolicy

HANDED_IN = ("submitted", "scored", "passed")
"""Rules by which work completes a unit."""


class UnitCompletion(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What completes a unit.

    Attributes:
        rule: one of domain.catalog.unit_rules.COMPLETION_WORDS: it was opened; the learner says so; enough of it was
            watched; something was handed in; that has a score; the score is high enough; the staff say so.
        at_least_bp: the share that must be watched, or the score that must be reached, in basis points; else None.
    """

    rule: str
    at_least_bp: int | None = None


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    Bytes outside of the log, by their SHA-256 in hex: text as Markdown, a file, a video.

    Attributes:
        size: in bytes.
        name: under which a file is saved.
    """

    sha256: str
    media_type: str
    size: int
    name: str = ""


class Caption(msgspec.Struct, frozen=True):
    """Captions of a video in WebVTT, by their SHA-256, in a language such as `en-GB`."""

    language: str
    label: str
    sha256: str


class LtiLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What of a tool a unit is (LTI 1.3); where it is launched is the `url` of the unit, or what the tool has otherwise.

    Attributes:
        tool_id: of domain.lti.
        custom: what the tool wants at each launch, by name.
        maximum: points of all, as the tool sees them.
        resource_id: how the tool calls what is scored.
        tag: what the tool says of it.
    """

    tool_id: str
    custom: dict[str, str] = {}
    maximum: int = 100
    resource_id: str = ""
    tag: str = ""


class Unit(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One thing to open, do or hand in.

    Attributes:
        kind: one of domain.kinds.KINDS; older versions may have other words.
        weight: share of the course's percentage, in basis points; 0 for a unit without work.
        due_after_days: days from the start of the run to the deadline, None for no deadline.
        group: the group of the final grade to which it belongs, empty where the course has no groups.
        recorded: false for an assessment of which the run's records have nothing: it counts for nothing.
        completion: what completes it; None: an attempt or the staff for kinds with a score, else the learner says so.
        after: units that must be completed before it.
        due_time: time of day of the deadline, `HH:MM` by the clocks of the run; empty for that at which the run starts.
        late: what becomes of work after the deadline; None for what the run says.
        extra_credit: its points are added and nothing is asked for them.
        content: its text, file or video.
        captions: of a video.
        seconds: how long a video or a recording is, None where that is not known.
        url: of a link, or of what an LTI tool launches.
        lti: of a unit that is a tool.
    """

    unit_id: str
    kind: Kind
    title: str
    weight: int = 0
    due_after_days: int | None = None
    group: str = ""
    recorded: bool = True
    completion: UnitCompletion | None = None
    after: list[str] = []
    due_time: str = ""
    late: LatePolicy | None = None
    extra_credit: bool = False
    content: Content | None = None
    captions: list[Caption] = []
    seconds: int | None = None
    url: str = ""
    lti: LtiLink | None = None

    @property
    def has_line_item(self) -> bool:
        """Whether its tool gives a score for it: it counts for the grade, or is completed by what is handed in."""
        rule = "" if self.completion is None else self.completion.rule
        return self.lti is not None and (self.weight > 0 or rule in HANDED_IN)


def hashes_of(unit: Unit) -> Iterator[str]:
    """The SHA-256 of all content of a unit."""
    if unit.content is not None:
        yield unit.content.sha256
    yield from (caption.sha256 for caption in unit.captions)


def showing(versions: Mapping[int, Iterable[Unit]], unit: Unit) -> list[int]:
    """The versions in which a unit shows the same media as here: what was watched of another film is none of this."""
    return [
        version
        for version, units in versions.items()
        if any(each.unit_id == unit.unit_id and _media(each) == _media(unit) for each in units)
    ]


def _media(unit: Unit) -> tuple[str, str]:
    return "" if unit.content is None else unit.content.sha256, unit.url
