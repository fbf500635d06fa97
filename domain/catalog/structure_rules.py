"""What the parts of a course may say together."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from domain.aggregate import stream_id
from domain.catalog.errors import BadStructure
from domain.catalog.structure import (
    COMPLETION_RULES,
    GRADING_POLICIES,
    MAX_PREREQUISITES,
    MAX_SECTIONS,
    MAX_UNITS,
    Prerequisite,
    Section,
    Structure,
)
from domain.catalog.unit import Unit
from domain.catalog.unit_rules import problems_of_length, problems_of_unit
from domain.grading import CATEGORIES, Group, Letter, counted
from domain.score import FULL


def problems_of(structure: Structure, *, any_kind: bool = False) -> Iterator[BadStructure]:
    """All that is wrong with a structure, the first of which refuses it; *any_kind* lets old words for kinds pass."""
    yield from _problems_of_units(structure.units, any_kind=any_kind)
    yield from _problems_of_sections(structure.units, structure.sections)
    yield from _problems_of_order(structure.units)
    yield from _problems_of_groups(structure.units, structure.groups)
    yield from _problem_of_word("completion rule", structure.completion_rule, COMPLETION_RULES)
    yield from _problem_of_word("grading policy", structure.grading_policy, GRADING_POLICIES)
    yield from _problems_of_policy(structure)
    yield from _problems_of_letters(structure.letters)
    yield from _problems_of_prerequisites(structure.prerequisites)


def _problem_of_word(what: str, word: str, words: Sequence[str]) -> Iterator[BadStructure]:
    if word not in words:
        yield BadStructure(f"{word!r} is no {what}; these are: {', '.join(words)}", word=word)


def _problems_of_units(units: list[Unit], *, any_kind: bool) -> Iterator[BadStructure]:
    if not 0 < len(units) <= MAX_UNITS:
        yield BadStructure(f"a course has 1 to {MAX_UNITS} units, not {len(units)}", units=len(units))
    for unit_id in _repeated(unit.unit_id for unit in units):
        yield BadStructure(f"unit {unit_id} is listed twice", unit_id=unit_id)
    for unit in units:
        yield from problems_of_unit(unit, any_kind=any_kind)
        yield from problems_of_length(unit)


def _repeated(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def _problems_of_sections(units: list[Unit], sections: list[Section]) -> Iterator[BadStructure]:
    if not sections:
        return
    if len(sections) > MAX_SECTIONS:
        yield BadStructure(f"a course has at most {MAX_SECTIONS} sections, not {len(sections)}", sections=len(sections))
    for section in sections:
        stream_id("section", section.section_id)
    for section_id in _repeated(section.section_id for section in sections):
        yield BadStructure(f"section {section_id} is listed twice", section=section_id)
    known = {unit.unit_id for unit in units}
    listed = [unit_id for section in sections for unit_id in section.units]
    for unit_id in _repeated(listed):
        yield BadStructure(f"unit {unit_id} is in two sections, or in one twice", unit_id=unit_id)
    for unit_id in listed:
        if unit_id not in known:
            yield BadStructure(f"a section has unit {unit_id}, which the course has not", unit_id=unit_id)
    in_sections = set(listed)
    for unit in units:
        if unit.unit_id not in in_sections:
            yield BadStructure(f"unit {unit.unit_id} is in no section", unit_id=unit.unit_id)


def _problems_of_order(units: list[Unit]) -> Iterator[BadStructure]:
    """Units before units: those must exist, and must not wait for each other."""
    known = {unit.unit_id for unit in units}
    for unit in units:
        for before in unit.after:
            if before not in known:
                yield BadStructure(
                    f"unit {unit.unit_id} comes after unit {before}, which the course has not", unit_id=unit.unit_id
                )
    try:
        TopologicalSorter({unit.unit_id: unit.after for unit in units}).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        yield BadStructure(f"units wait for each other: {' after '.join(circle)}", units=circle[:-1])


def _problems_of_groups(units: list[Unit], groups: Sequence[Group]) -> Iterator[BadStructure]:
    """What keeps the full percentage, or the full grade, from being reached."""
    counts = counted(units)
    if not counts:
        yield BadStructure("100 % cannot be reached: no unit of the course counts", units=0)
    names = {group.group_id for group in groups}
    for group_id in _repeated(group.group_id for group in groups):
        yield BadStructure(f"group {group_id} is listed twice", group=group_id)
    for group in groups:
        stream_id("group", group.group_id)
        if group.weight < 1 or not 0 <= (group.pass_bp or 0) <= FULL:
            yield BadStructure(
                f"group {group.group_id} needs a weight of 1 at least, and a pass mark of 0 to {FULL} basis points",
                group=group.group_id,
            )
        if not _members(group, units, counts):
            yield BadStructure(
                f"100 % cannot be reached: group {group.group_id} has no unit with a weight", group=group.group_id
            )
    for unit in units:
        if unit.group not in names and (unit.group or (names and unit.unit_id in counts)):
            yield BadStructure(
                f"unit {unit.unit_id} is in no group that the course has: every unit with a weight is in one of"
                f" {', '.join(group.group_id for group in groups) or 'none'}",
                unit_id=unit.unit_id,
            )


def _members(group: Group, units: list[Unit], counts: Collection[str]) -> list[Unit]:
    return [unit for unit in units if unit.group == group.group_id and unit.unit_id in counts and unit.weight]


def _problems_of_policy(structure: Structure) -> Iterator[BadStructure]:
    """Drops and extra credit belong to `categories`, and leave something by which a learner is graded."""
    units, groups = structure.units, structure.groups
    if structure.grading_policy != CATEGORIES:
        more = any(unit.extra_credit for unit in units) or any(each.drop_lowest or each.extra_credit for each in groups)
        if more:
            yield BadStructure(
                f"drop_lowest and extra_credit need the grading policy {CATEGORIES}, not {structure.grading_policy}",
                word=structure.grading_policy,
            )
        return
    if all(group.extra_credit for group in groups):
        yield BadStructure(f"the grading policy {CATEGORIES} needs a group that is no extra credit", groups=len(groups))
    counts = counted(units)
    for group in groups:
        asked = [unit for unit in _members(group, units, counts) if not unit.extra_credit]
        if not 0 <= group.drop_lowest < max(len(asked), 1):
            yield BadStructure(
                f"group {group.group_id} drops {group.drop_lowest} of {len(asked)} units: one at least must stay, and"
                " none less than 0 is dropped",
                group=group.group_id,
            )
        if not asked and not group.extra_credit:
            yield BadStructure(f"group {group.group_id} has nothing but extra credit", group=group.group_id)


def _problems_of_letters(letters: Sequence[Letter]) -> Iterator[BadStructure]:
    if not letters:
        return
    marks = [letter.from_bp for letter in letters]
    if marks != sorted(set(marks), reverse=True) or marks[-1] != 0 or marks[0] > FULL:
        yield BadStructure(
            f"the letter scale goes down from {FULL} basis points at most to 0, without a mark twice", letters=marks
        )
    for letter in _repeated(each.letter for each in letters):
        yield BadStructure(f"the letter {letter} is in the scale twice", letter=letter)


def _problems_of_prerequisites(prerequisites: Sequence[Prerequisite]) -> Iterator[BadStructure]:
    if len(prerequisites) > MAX_PREREQUISITES:
        yield BadStructure(f"a course has at most {MAX_PREREQUISITES} prerequisites", prerequisites=len(prerequisites))
    for each in prerequisites:
        for course_id in each.courses:
            stream_id("course", course_id)
        if not 0 < len(each.courses) <= MAX_PREREQUISITES or not 0 <= (each.at_least_bp or 0) <= FULL:
            yield BadStructure(
                f"a prerequisite names 1 to {MAX_PREREQUISITES} courses, and a grade of 0 to {FULL} basis points",
                courses=each.courses,
            )
