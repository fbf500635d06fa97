"""What an editor may do to the draft of a course; several edits are one command, and happen all or not at all."""

import msgspec

from domain.catalog.draft import NO_SECTION, CourseDraft, Policy
from domain.catalog.unit import Unit


class Edit(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=True):
    """One change of a draft."""

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        raise NotImplementedError


class AddSection(Edit, frozen=True, tag="add_section"):
    """Add an empty section, at the end without a place."""

    section_id: str
    title: str
    place: int | None = None

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        draft.add_section(self.section_id, self.title, self.place)


class RenameSection(Edit, frozen=True, tag="rename_section"):
    """Give a section another title."""

    section_id: str
    title: str

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        draft.rename_section(self.section_id, self.title)


class MoveSection(Edit, frozen=True, tag="move_section"):
    """Have a section stand at another place."""

    section_id: str
    place: int

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        draft.move_section(self.section_id, self.place)


class RemoveSection(Edit, frozen=True, tag="remove_section"):
    """Remove a section with its units."""

    section_id: str

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        draft.remove_section(self.section_id)


class AddUnit(Edit, frozen=True, tag="add_unit"):
    """Add a unit to a section, at its end without a place."""

    unit: Unit
    section_id: str = NO_SECTION
    place: int | None = None

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        draft.add_unit(self.unit, self.section_id, self.place)


class ChangeUnit(Edit, frozen=True, tag="change_unit"):
    """Have the unit of this id be another one."""

    unit: Unit

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        draft.change_unit(self.unit)


class MoveUnit(Edit, frozen=True, tag="move_unit"):
    """Have a unit stand in a section, at its end without a place."""

    unit_id: str
    section_id: str = NO_SECTION
    place: int | None = None

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        draft.move_unit(self.unit_id, self.section_id, self.place)


class RemoveUnit(Edit, frozen=True, tag="remove_unit"):
    """Remove a unit."""

    unit_id: str

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        draft.remove_unit(self.unit_id)


class ChangePolicy(Edit, frozen=True, tag="change_policy"):
    """Have the course be completed and graded otherwise, or ask for other courses before it."""

    policy: Policy

    def apply(self, draft: CourseDraft) -> None:
        """Have the draft record it."""
        draft.change_policy(self.policy)


OfSections = AddSection | RenameSection | MoveSection | RemoveSection
OfUnits = AddUnit | ChangeUnit | MoveUnit | RemoveUnit
AnyEdit = OfSections | OfUnits | ChangePolicy
