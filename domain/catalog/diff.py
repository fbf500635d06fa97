"""How two structures of a course differ: what came, went, moved, and says something else."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import msgspec

from domain.catalog.structure import Section, Structure
from domain.catalog.unit import Unit

POLICY = ("completion_rule", "grading_policy", "groups", "letters", "prerequisites")


class ChangedUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that says something else in these *fields*."""

    unit_id: str
    fields: list[str]
    old: Unit
    new: Unit


class StructureDiff(msgspec.Struct, frozen=True, kw_only=True):
    """
    From one structure to another; ids are in the order of the structure that has them.

    Attributes:
        units_moved: units that both have, and that stand in another section or in another order now.
        policy: which of POLICY differ.
    """

    units_added: list[str]
    units_removed: list[str]
    units_moved: list[str]
    units_changed: list[ChangedUnit]
    sections_added: list[str]
    sections_removed: list[str]
    sections_renamed: list[str]
    sections_moved: list[str]
    policy: list[str]


def diff(old: Structure, new: Structure) -> StructureDiff:
    """How *new* differs from *old*."""
    was, now = ({unit.unit_id: unit for unit in each.units} for each in (old, new))
    before, after = ({section.section_id: section for section in each.sections} for each in (old, new))
    homes = _homes(old.sections), _homes(new.sections)
    turned = set(_moved(list(was), list(now)))
    return StructureDiff(
        units_added=[unit_id for unit_id in now if unit_id not in was],
        units_removed=[unit_id for unit_id in was if unit_id not in now],
        units_moved=[
            each for each in now if each in was and (each in turned or homes[0].get(each) != homes[1].get(each))
        ],
        units_changed=[_changed(was[unit_id], unit) for unit_id, unit in now.items() if was.get(unit_id, unit) != unit],
        sections_added=[section_id for section_id in after if section_id not in before],
        sections_removed=[section_id for section_id in before if section_id not in after],
        sections_renamed=[
            section_id for section_id, each in after.items() if before.get(section_id, each).title != each.title
        ],
        sections_moved=_moved(list(before), list(after)),
        policy=[name for name in POLICY if getattr(old, name) != getattr(new, name)],
    )


def _homes(sections: Sequence[Section]) -> Mapping[str, str]:
    return {unit_id: section.section_id for section in sections for unit_id in section.units}


def _changed(old: Unit, new: Unit) -> ChangedUnit:
    fields = [name for name in Unit.__struct_fields__ if getattr(old, name) != getattr(new, name)]
    return ChangedUnit(unit_id=new.unit_id, fields=fields, old=old, new=new)


def _moved(old: list[str], new: list[str]) -> list[str]:
    """What both have, but for those that stand in one order with each other in both."""
    old, new = [each for each in old if each in set(new)], [each for each in new if each in set(old)]
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    stays = {place for block in blocks for place in range(block.b, block.b + block.size)}
    return [each for place, each in enumerate(new) if place not in stays]
