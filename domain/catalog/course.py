"""A course, and the structures of its published versions."""

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.catalog.errors import CourseChanged, CourseExists, CourseNotFound
from domain.catalog.structure import Prerequisite, Section, Structure, hash_of
from domain.catalog.structure_rules import problems_of
from domain.catalog.unit import Unit
from domain.grading import Group, Letter
from domain.kinds import plain_kind


def course_stream(course_id: str) -> str:
    """The stream of a course."""
    return stream_id("course", course_id)


class Change(msgspec.Struct, frozen=True):
    """Another value in place of the one that was seen."""

    old: str
    new: str


class Course(Aggregate):
    """
    A course and all its published versions.

    Attributes:
        created_as: title, summary and language as it was created, whatever became of them.
    """

    category = "course"
    ids = ("course_id",)
    scope = "reference"

    class Created(Aggregate.Event):
        TOPIC = "course.created"
        title: str
        summary: str
        language: str

    class Renamed(Aggregate.Event):
        TOPIC = "course.renamed"
        old: str
        new: str

    class SummaryChanged(Aggregate.Event):
        TOPIC = "course.summary_changed"
        old: str
        new: str

    class LanguageChanged(Aggregate.Event):
        TOPIC = "course.language_changed"
        old: str
        new: str

    class VersionPublished(Aggregate.Event):
        TOPIC = "course.version_published"
        class_version = 3
        version: int
        units: list[Unit]
        completion_rule: str
        grading_policy: str
        structure_hash: str
        groups: list[Group]
        sections: list[Section]
        letters: list[Letter]
        prerequisites: list[Prerequisite]

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 all units made one mean."""
            state["groups"] = []

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            """In version 2 units made one list, grades had no letters, and nothing was asked before."""
            state["sections"], state["letters"], state["prerequisites"] = [], [], []

    def initial_state(self) -> None:
        self.title = ""
        self.summary = ""
        self.language = ""
        self.created_as = ("", "", "")
        self.versions: dict[int, list[Unit]] = {}
        self.groups: dict[int, list[Group]] = {}
        self.structures: dict[int, Structure] = {}

    def create(self, title: str, summary: str, language: str) -> None:
        """Put the course into the catalog; the same once more changes nothing, also after it was renamed."""
        if self.exists:
            if (title, summary, language) not in (self.created_as, (self.title, self.summary, self.language)):
                raise CourseExists(course_id=self.id_of("course_id"))
            return
        self._created(title=title, summary=summary, language=language)

    @event(Created)
    def _created(self, title: str, summary: str, language: str) -> None:
        self.title, self.summary, self.language = self.created_as = title, summary, language

    def describe(
        self, title: Change | None = None, summary: Change | None = None, language: Change | None = None
    ) -> None:
        """
        Have the course say something else about itself, all or nothing; what is None stays, and so does what is so.

        Raises:
            CourseNotFound.
            CourseChanged: something says by now what its editor has not seen.
        """
        if not self.exists:
            raise CourseNotFound(course_id=self.id_of("course_id"))
        changes = {"title": title, "summary": summary, "language": language}
        made = {name: each for name, each in changes.items() if each is not None and each.new != getattr(self, name)}
        if any(change.old != getattr(self, name) for name, change in made.items()):
            raise CourseChanged(course_id=self.id_of("course_id"))
        if "title" in made:
            self._renamed(old=made["title"].old, new=made["title"].new)
        if "summary" in made:
            self._summary_changed(old=made["summary"].old, new=made["summary"].new)
        if "language" in made:
            self._language_changed(old=made["language"].old, new=made["language"].new)

    @event(Renamed)
    def _renamed(self, old: str, new: str) -> None:
        self.title = new

    @event(SummaryChanged)
    def _summary_changed(self, old: str, new: str) -> None:
        self.summary = new

    @event(LanguageChanged)
    def _language_changed(self, old: str, new: str) -> None:
        self.language = new

    def publish(
        self, units: list[Unit], completion_rule: str, grading_policy: str, groups: Sequence[Group] = (), **more: Any
    ) -> int:
        """
        Publish a structure with its rules; returns its version, the first one if the same was published before.

        Args:
            more: sections, letters and prerequisites, as domain.catalog.structure has them.
        """
        return self.publish_structure(Structure(units, completion_rule, grading_policy, list(groups), **more))

    def publish_structure(self, structure: Structure) -> int:
        """The same, of a whole structure."""
        if not self.exists:
            raise CourseNotFound(course_id=self.id_of("course_id"))
        units = structure.units
        plain = msgspec.structs.replace(
            structure, units=[msgspec.structs.replace(unit, kind=plain_kind(unit.kind)) for unit in units]
        )
        for version, published in self.structures.items():
            if published in (structure, plain):
                return version
        for problem in problems_of(plain, any_kind=self.importing):
            raise problem
        version = self.latest + 1
        self._version_published(version=version, structure_hash=hash_of(plain), **msgspec.structs.asdict(plain))
        return version

    @property
    def latest(self) -> int:
        """The newest version, 0 before the first."""
        return len(self.versions)

    @event(VersionPublished)
    def _version_published(
        self,
        version: int,
        units: list[Unit],
        completion_rule: str,
        grading_policy: str,
        structure_hash: str,
        groups: list[Group],
        sections: list[Section],
        letters: list[Letter],
        prerequisites: list[Prerequisite],
    ) -> None:
        self.versions[version] = units
        self.groups[version] = groups
        self.structures[version] = Structure(
            units, completion_rule, grading_policy, groups, sections, letters, prerequisites
        )
