"""The structure of a course as a command brings it: units in sections, groups of the grade, letters, prerequisites."""

from typing import Annotated, Any

import msgspec
from pydantic import Field

from adapters.postgres.queries import catalog
from api.http.dispatch import Body, example
from api.http.late_policy import NewLatePolicy
from api.http.types import NO_NUL, BasisPoints, Id, Title, Word, one_of
from domain.catalog import COMPLETION_RULES, GRADING_POLICIES, MAX_UNITS, Letter, Prerequisite, Section, Unit
from domain.catalog.structure import MAX_PREREQUISITES, MAX_SECTIONS
from domain.catalog.unit_rules import COMPLETION_WORDS, MAX_CAPTIONS, MAX_CUSTOM, MAX_POINTS, MAX_SECONDS
from domain.grading import Group
from domain.kinds import KINDS

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes, in hex.")]
MediaType = Annotated[str, Field(pattern=r"^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}$", max_length=161)]


class NewCompletion(Body):
    """What completes a unit; `at_least_bp` with `watched` and `passed`, which need it, in basis points."""

    rule: Annotated[Word, one_of(COMPLETION_WORDS)]
    at_least_bp: BasisPoints | None = None


class NewContent(Body):
    """Content that was uploaded, by its hash."""

    sha256: Sha256
    media_type: MediaType
    size: Annotated[int, Field(ge=0, le=1 << 50)]
    name: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""


class NewCaption(Body):
    """Captions of a video in WebVTT, in a language such as `en-GB`."""

    language: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{2,35}$", max_length=35)]
    label: Title
    sha256: Sha256


class NewLtiLink(Body):
    """What of a tool a unit is (LTI 1.3): `maximum` points, and what it gets at each launch (`custom`)."""

    tool_id: Id
    custom: Annotated[dict[str, str], Field(max_length=MAX_CUSTOM, default_factory=dict)]
    maximum: Annotated[int, Field(ge=1, le=MAX_POINTS)] = 100
    resource_id: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""
    tag: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""


class NewUnit(Body):
    """
    One thing to open, do or hand in; `weight` is its share of the course, in basis points.

    It is due `due_after_days` after the start of the run, at `due_time` by the clocks of the run, and comes after the
    units in `after`.
    """

    unit_id: Id
    kind: Annotated[Word, one_of(KINDS)]
    title: Title
    weight: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    due_after_days: Annotated[int, Field(ge=-1_000, le=10_000)] | None = None
    group: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,64}$", description="Its group of the final grade.")] = ""
    completion: NewCompletion | None = None
    after: Annotated[list[Id], Field(max_length=100, default_factory=list)]
    due_time: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$", max_length=5)] = ""
    late: NewLatePolicy | None = None
    extra_credit: bool = False
    content: NewContent | None = None
    captions: Annotated[list[NewCaption], Field(max_length=MAX_CAPTIONS, default_factory=list)]
    seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] | None = None
    url: Annotated[str, Field(max_length=2_000, pattern=NO_NUL)] = ""
    lti: NewLtiLink | None = None

    def unit(self) -> Unit:
        """The unit of the domain."""
        return msgspec.convert(self.model_dump(), Unit)


class NewGroup(Body):
    """
    Units that make one part of the final grade, such as coursework; `pass_bp` is a pass mark of its own.

    `drop_lowest` of its scores do not count; an `extra_credit` group adds points for which nothing is asked. Both need
    the grading policy `categories`.
    """

    group_id: Id
    title: Title
    weight: Annotated[int, Field(ge=1, le=1_000_000)]
    pass_bp: BasisPoints | None = None
    drop_lowest: Annotated[int, Field(ge=0, le=MAX_UNITS)] = 0
    extra_credit: bool = False


class NewSection(Body):
    """A part of a course, with the ids of its units in their order."""

    section_id: Id
    title: Title
    units: Annotated[list[Id], Field(max_length=MAX_UNITS, default_factory=list)]


class NewLetter(Body):
    """The grade `letter` from `from_bp` basis points on."""

    letter: Annotated[str, Field(min_length=1, max_length=20, pattern=NO_NUL)]
    from_bp: BasisPoints


class NewPrerequisite(Body):
    """One of these courses must be passed before, with this grade at least if one is given."""

    courses: Annotated[list[Id], Field(min_length=1, max_length=MAX_PREREQUISITES)]
    at_least_bp: BasisPoints | None = None


class NewPolicy(Body):
    """How a course is completed and graded, and what must be passed before."""

    completion_rule: Annotated[Word, one_of(COMPLETION_RULES)] = "all_weighted_units"
    grading_policy: Annotated[Word, one_of(GRADING_POLICIES)] = "weighted_mean"
    groups: Annotated[list[NewGroup], Field(max_length=100, default_factory=list)]
    letters: Annotated[list[NewLetter], Field(max_length=30, default_factory=list)]
    prerequisites: Annotated[list[NewPrerequisite], Field(max_length=MAX_PREREQUISITES, default_factory=list)]

    def policy(self) -> dict[str, Any]:
        """Its parts, as the domain has them."""
        return {
            "completion_rule": self.completion_rule,
            "grading_policy": self.grading_policy,
            "groups": [Group(**each.model_dump()) for each in self.groups],
            "letters": [Letter(**each.model_dump()) for each in self.letters],
            "prerequisites": [Prerequisite(**each.model_dump()) for each in self.prerequisites],
        }


class NewVersion(NewPolicy):
    """
    The structure of a course, in the order in which it is shown.

    With `groups`, every unit with a weight is in one: the final grade is the mean of the groups' means, by weight. With
    `sections`, every unit is in one.
    """

    model_config = example(units=msgspec.to_builtins(catalog.VERSION_EXAMPLE.units))

    units: Annotated[list[NewUnit], Field(min_length=1, max_length=MAX_UNITS)]
    sections: Annotated[list[NewSection], Field(max_length=MAX_SECTIONS, default_factory=list)]

    def parts(self) -> dict[str, Any]:
        """Its parts, as the domain has them."""
        sections = [Section(**each.model_dump()) for each in self.sections]
        return {"units": [unit.unit() for unit in self.units], "sections": sections, **self.policy()}
