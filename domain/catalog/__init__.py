"""
The catalog: courses in published versions, drafts that are edited beside them, and the runs in which they are given.

A course's structure never changes in place: a new version is published, and a run says which one it follows.
Weights and scores are in basis points (0 to 10,000).
"""

from domain.catalog.course import Change, Course, course_stream
from domain.catalog.draft import CourseDraft, Policy, draft_stream
from domain.catalog.errors import (
    BadSchedule,
    BadStructure,
    ContentNotFound,
    CourseChanged,
    CourseExists,
    CourseNotFound,
    DraftBehind,
    DraftChanged,
    DraftNotFound,
    NotUploaded,
    OtherSize,
    PrerequisiteCircle,
    RunExists,
    RunNotFound,
    VersionNotFound,
)
from domain.catalog.run import PACINGS, Run, run_stream
from domain.catalog.structure import (
    COMPLETION_RULES,
    GRADING_POLICIES,
    MAX_UNITS,
    Prerequisite,
    Section,
    Structure,
    structure_hash,
)
from domain.catalog.unit import Caption, Content, LtiLink, Unit, UnitCompletion, showing
from domain.grading import Letter

__all__ = [
    "COMPLETION_RULES",
    "GRADING_POLICIES",
    "MAX_UNITS",
    "PACINGS",
    "BadSchedule",
    "BadStructure",
    "Caption",
    "Change",
    "Content",
    "ContentNotFound",
    "Course",
    "CourseChanged",
    "CourseDraft",
    "CourseExists",
    "CourseNotFound",
    "DraftBehind",
    "DraftChanged",
    "DraftNotFound",
    "Letter",
    "LtiLink",
    "NotUploaded",
    "OtherSize",
    "Policy",
    "Prerequisite",
    "PrerequisiteCircle",
    "Run",
    "RunExists",
    "RunNotFound",
    "Section",
    "Structure",
    "Unit",
    "UnitCompletion",
    "VersionNotFound",
    "course_stream",
    "draft_stream",
    "run_stream",
    "showing",
    "structure_hash",
]
