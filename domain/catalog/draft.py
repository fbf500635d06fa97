"""
The draft of a course: what its next version will be, edited in small facts beside the published ones.

Two people may edit at once: each says the revision of the draft that they have seen, which is the number of its facts,
and an edit of an older one is refused, unless it would change nothing.
"""

from collections.abc import Iterator

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.catalog.errors import BadStructure, DraftBehind, DraftChanged
from domain.catalog.structure import (
    COMPLETION_RULES,
    MAX_SECTIONS,
    MAX_UNITS,
    Prerequisite,
    Section,
    Structure,
)
from domain.catalog.structure_rules import problems_of
from domain.catalog.unit import Unit
from domain.catalog.unit_rules import problems_of_unit
from domain.grading import WEIGHTED_MEAN, Group, Letter
from domain.kinds import plain_kind

NO_SECTION = ""
"""Where units are in a course without sections."""


class Policy(msgspec.Struct, frozen=True):
    """How a course is completed and graded, and what must be passed before; as domain.catalog.structure has it."""

    completion_rule: str = COMPLETION_RULES[0]
    grading_policy: str = WEIGHTED_MEAN
    groups: list[Group] = []
    letters: list[Letter] = []
    prerequisites: list[Prerequisite] = []


def draft_stream(course_id: str) -> str:
    """The stream of the draft of a course."""
    return stream_id("course_draft", course_id)


class CourseDraft(Aggregate):
    """
    What the next version of a course will be. Places count from 0.

    Attributes:
        base_version: the version that the draft comes from, or has become last; 0 for none.
    """

    category = "course_draft"
    ids = ("course_id",)

    class Started(Aggregate.Event):
        TOPIC = "course_draft.started"
        base_version: int
        structure: Structure

    class SectionAdded(Aggregate.Event):
        TOPIC = "course_draft.section_added"
        section_id: str
        title: str
        place: int

    class SectionRenamed(Aggregate.Event):
        TOPIC = "course_draft.section_renamed"
        section_id: str
        old: str
        new: str

    class SectionMoved(Aggregate.Event):
        TOPIC = "course_draft.section_moved"
        section_id: str
        old_place: int
        new_place: int

    class SectionRemoved(Aggregate.Event):
        TOPIC = "course_draft.section_removed"
        section_id: str
        title: str
        place: int

    class UnitAdded(Aggregate.Event):
        TOPIC = "course_draft.unit_added"
        unit: Unit
        section_id: str
        place: int

    class UnitChanged(Aggregate.Event):
        TOPIC = "course_draft.unit_changed"
        unit_id: str
        old: Unit
        new: Unit

    class UnitMoved(Aggregate.Event):
        TOPIC = "course_draft.unit_moved"
        unit_id: str
        old_section: str
        old_place: int
        new_section: str
        new_place: int

    class UnitRemoved(Aggregate.Event):
        TOPIC = "course_draft.unit_removed"
        unit: Unit
        section_id: str
        place: int

    class PolicyChanged(Aggregate.Event):
        TOPIC = "course_draft.policy_changed"
        old: Policy
        new: Policy

    class Published(Aggregate.Event):
        TOPIC = "course_draft.published"
        version: int
        structure_hash: str

    def initial_state(self) -> None:
        self.base_version = 0
        self.policy = Policy()
        self.titles: dict[str, str] = {}
        self.order: dict[str, list[str]] = {}
        self.units: dict[str, Unit] = {}

    @property
    def course_id(self) -> str:
        """The id of the course, from the stream's id."""
        return self.id_of("course_id")

    @property
    def structure(self) -> Structure:
        """What would be published now."""
        listed = [self.units[unit_id] for units in self.order.values() for unit_id in units]
        sections = [Section(name, self.titles[name], list(self.order[name])) for name in self.order if name]
        return Structure(listed, sections=sections, **msgspec.structs.asdict(self.policy))

    def problems(self) -> Iterator[BadStructure]:
        """What keeps it from being published."""
        yield from problems_of(self.structure)

    def must_be_at(self, revision: int, seen: int, *, changes: bool = False) -> None:
        """
        Refuse changes that rest on another revision than that which was there.

        Args:
            revision: the one that the editor has seen.
            seen: the one that was there before the changes.
            changes: whether there are changes even if none is recorded yet.

        Raises:
            DraftChanged.
        """
        if revision != seen and (changes or self.version != seen):
            raise DraftChanged(course_id=self.course_id, revision=seen, expected=revision)

    def start(self, base_version: int, structure: Structure) -> None:
        """Begin from a published version, or from nothing (version 0); what was edited before is given up."""
        if not self.exists or (self.base_version, self.structure) != (base_version, structure):
            self._started(base_version=base_version, structure=structure)

    @event(Started)
    def _started(self, base_version: int, structure: Structure) -> None:
        self.base_version = base_version
        self.policy = Policy(**{name: getattr(structure, name) for name in Policy.__struct_fields__})
        self.units = {unit.unit_id: unit for unit in structure.units}
        self.titles = {section.section_id: section.title for section in structure.sections}
        self.order = {section.section_id: list(section.units) for section in structure.sections}
        if not structure.sections and structure.units:
            self.order = {NO_SECTION: [unit.unit_id for unit in structure.units]}

    def add_section(self, section_id: str, title: str, place: int | None = None) -> None:
        """Add an empty section at a place, the last one if none is given; the same once more changes nothing."""
        if section_id in self.titles:
            if self.titles[section_id] != title:
                raise BadStructure(f"section {section_id} is there with another title", section=section_id)
            return
        stream_id("section", section_id)
        if len(self.titles) >= MAX_SECTIONS:
            raise BadStructure(f"a course has at most {MAX_SECTIONS} sections", section=section_id)
        self._section_added(section_id=section_id, title=title, place=_within(place, len(self.titles)))

    @event(SectionAdded)
    def _section_added(self, section_id: str, title: str, place: int) -> None:
        self.titles[section_id] = title
        self._put_section(section_id, [], place)

    def _put_section(self, section_id: str, units: list[str], place: int) -> None:
        """Put a section at a place among the sections; units without one come first."""
        loose = self.order.pop(NO_SECTION, None)
        named = [each for each in self.order if each != section_id]
        named.insert(place, section_id)
        held = {**self.order, section_id: units}
        self.order = ({NO_SECTION: loose} if loose else {}) | {name: held[name] for name in named}

    def rename_section(self, section_id: str, title: str) -> None:
        """Give a section another title."""
        old = self.titles[self._section(section_id)]
        if old != title:
            self._section_renamed(section_id=section_id, old=old, new=title)

    @event(SectionRenamed)
    def _section_renamed(self, section_id: str, old: str, new: str) -> None:
        self.titles[section_id] = new

    def move_section(self, section_id: str, place: int) -> None:
        """Have a section stand at another place."""
        old = self._place_of_section(self._section(section_id))
        new = _within(place, len(self.titles) - 1)
        if old != new:
            self._section_moved(section_id=section_id, old_place=old, new_place=new)

    @event(SectionMoved)
    def _section_moved(self, section_id: str, old_place: int, new_place: int) -> None:
        self._put_section(section_id, self.order.get(section_id, []), new_place)

    def remove_section(self, section_id: str) -> None:
        """Remove a section with its units, each of which is a fact; what is not there is removed."""
        if section_id not in self.titles:
            return
        for unit_id in reversed(self.order[section_id]):
            self.remove_unit(unit_id)
        place = self._place_of_section(section_id)
        self._section_removed(section_id=section_id, title=self.titles[section_id], place=place)

    @event(SectionRemoved)
    def _section_removed(self, section_id: str, title: str, place: int) -> None:
        self.titles.pop(section_id, None)
        self.order.pop(section_id, None)

    def add_unit(self, unit: Unit, section_id: str = NO_SECTION, place: int | None = None) -> None:
        """Add a unit to a section at a place, the last one if none is given; the same once more changes nothing."""
        unit = _checked(unit)
        if unit.unit_id in self.units:
            if self.units[unit.unit_id] != unit:
                raise BadStructure(f"unit {unit.unit_id} is there and says something else", unit_id=unit.unit_id)
            return
        if len(self.units) >= MAX_UNITS:
            raise BadStructure(f"a course has at most {MAX_UNITS} units", unit_id=unit.unit_id)
        length = len(self.order.get(self._section(section_id), ()))
        self._unit_added(unit=unit, section_id=section_id, place=_within(place, length))

    @event(UnitAdded)
    def _unit_added(self, unit: Unit, section_id: str, place: int) -> None:
        self.units[unit.unit_id] = unit
        self._put_unit(unit.unit_id, section_id, place)

    def _put_unit(self, unit_id: str, section_id: str, place: int) -> None:
        if section_id not in self.order:  # units without a section come first
            self.order = {section_id: [], **self.order}
        self.order[section_id].insert(place, unit_id)

    def change_unit(self, unit: Unit) -> None:
        """Have a unit be another one of the same id."""
        unit = _checked(unit)
        old = self.units[self._unit(unit.unit_id)]
        if old != unit:
            self._unit_changed(unit_id=unit.unit_id, old=old, new=unit)

    @event(UnitChanged)
    def _unit_changed(self, unit_id: str, old: Unit, new: Unit) -> None:
        self.units[unit_id] = new

    def move_unit(self, unit_id: str, section_id: str, place: int | None = None) -> None:
        """Have a unit stand in a section, at a place among the other units there; without one it is the last."""
        old_section, old_place = self._where(self._unit(unit_id))
        others = [each for each in self.order.get(self._section(section_id), ()) if each != unit_id]
        new_place = _within(place, len(others))
        if (old_section, old_place) != (section_id, new_place):
            self._unit_moved(unit_id, old_section, old_place, section_id, new_place)

    @event(UnitMoved)
    def _unit_moved(self, unit_id: str, old_section: str, old_place: int, new_section: str, new_place: int) -> None:
        self._take_unit(unit_id, old_section)
        self._put_unit(unit_id, new_section, new_place)

    def _take_unit(self, unit_id: str, section_id: str) -> None:
        units = [each for each in self.order.get(section_id, ()) if each != unit_id]
        if units or section_id:
            self.order[section_id] = units
        else:
            self.order.pop(NO_SECTION, None)

    def remove_unit(self, unit_id: str) -> None:
        """Remove a unit; what is not there is removed."""
        if unit_id in self.units:
            section_id, place = self._where(unit_id)
            self._unit_removed(unit=self.units[unit_id], section_id=section_id, place=place)

    @event(UnitRemoved)
    def _unit_removed(self, unit: Unit, section_id: str, place: int) -> None:
        self._take_unit(unit.unit_id, section_id)
        self.units.pop(unit.unit_id, None)

    def change_policy(self, policy: Policy) -> None:
        """Have the course be completed and graded otherwise, or ask for other courses before it."""
        if policy != self.policy:
            self._policy_changed(old=self.policy, new=policy)

    @event(PolicyChanged)
    def _policy_changed(self, old: Policy, new: Policy) -> None:
        self.policy = new

    def must_come_from(self, latest: int, over_version: int | None) -> None:
        """
        Refuse to undo a version that was published beside the draft.

        Args:
            latest: the newest version of the course.
            over_version: the newest one that the editor has seen; None for that from which the draft comes.

        Raises:
            DraftBehind.
        """
        if (self.base_version if over_version is None else over_version) != latest:
            raise DraftBehind(course_id=self.course_id, base_version=self.base_version, version=latest)

    def mark_published(self, version: int, structure_hash: str) -> None:
        """The draft has become a version, and is edited further from that."""
        self._published(version=version, structure_hash=structure_hash)

    @event(Published)
    def _published(self, version: int, structure_hash: str) -> None:
        self.base_version = version

    def _section(self, section_id: str) -> str:
        if section_id and section_id not in self.titles:
            raise BadStructure(f"the draft has no section {section_id}", section=section_id)
        return section_id

    def _unit(self, unit_id: str) -> str:
        if unit_id not in self.units:
            raise BadStructure(f"the draft has no unit {unit_id}", unit_id=unit_id)
        return unit_id

    def _where(self, unit_id: str) -> tuple[str, int]:
        section_id = next(name for name, units in self.order.items() if unit_id in units)
        return section_id, self.order[section_id].index(unit_id)

    def _place_of_section(self, section_id: str) -> int:
        return [name for name in self.order if name].index(section_id)


def _within(place: int | None, last: int) -> int:
    """A place that there is; the last one for none, and for one further back."""
    return last if place is None else min(max(place, 0), last)


def _checked(unit: Unit) -> Unit:
    """The unit with its kind as it is written; raises BadStructure for what is wrong with it by itself."""
    unit = msgspec.structs.replace(unit, kind=plain_kind(unit.kind))
    for problem in problems_of_unit(unit):
        raise problem
    return unit
