"""The structure of a course: units in sections, how they make a grade, and what must be passed before."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from domain.catalog.unit import Unit
from domain.grading import CATEGORIES, WEIGHTED_MEAN, Group, Letter, Scheme, scheme_of

MAX_UNITS = 5_000
MAX_SECTIONS = 1_000
MAX_PREREQUISITES = 20
COMPLETION_RULES = ("all_weighted_units",)
GRADING_POLICIES = (WEIGHTED_MEAN, CATEGORIES)


class Section(msgspec.Struct, frozen=True):
    """A part of a course, with the ids of its units in their order."""

    section_id: str
    title: str
    units: list[str]


class Prerequisite(msgspec.Struct, frozen=True, omit_defaults=True):
    """What must be passed before: one of *courses*, with a grade of *at_least_bp* basis points if that is given."""

    courses: list[str]
    at_least_bp: int | None = None


class Structure(msgspec.Struct, frozen=True):
    """
    All that is published as one version.

    Attributes:
        sections: none, or sections that have all units in their order.
        letters: the letter scale, the highest first; empty for a course without letters.
        prerequisites: each must be met.
    """

    units: list[Unit]
    completion_rule: str = COMPLETION_RULES[0]
    grading_policy: str = WEIGHTED_MEAN
    groups: list[Group] = []
    sections: list[Section] = []
    letters: list[Letter] = []
    prerequisites: list[Prerequisite] = []

    def scheme(self, due: Mapping[str, datetime] | None = None) -> Scheme:
        """What the units count, with these deadlines."""
        return scheme_of(self.units, self.groups, due, policy=self.grading_policy, letters=self.letters)


def structure_hash(
    units: list[Unit],
    groups: list[Group] | None = None,
    sections: Sequence[Section] = (),
    letters: Sequence[Letter] = (),
    prerequisites: Sequence[Prerequisite] = (),
) -> str:
    """SHA-256, in hex, of the structure as canonical JSON: equal structures have equal hashes."""
    content: object = [units, groups] if groups else units
    if sections or letters or prerequisites:
        content = [units, groups or [], sections, letters, prerequisites]
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def hash_of(structure: Structure) -> str:
    """The same of a structure."""
    parts = structure.sections, structure.letters, structure.prerequisites
    return structure_hash(structure.units, structure.groups, *parts)
