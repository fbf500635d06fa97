"""
Reads and checks every row of every file: numbers, duplicate keys, references between the files.

The rows of all presentations are checked; submissions and activity are kept for chosen presentations only.
"""

import difflib
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from adapters.oulad.archive import Advance, Archive, Malformed
from adapters.oulad.model import (
    MOST_CLICKS,
    MOST_LEARNERS,
    MOST_UNITS,
    Assessment,
    Presentation,
    Registration,
    Site,
    Submission,
    pack,
)
from adapters.oulad.values import BadValue, BasisPoints, Ids, Whole, one_of

PRESENTATION = ("code_module", "code_presentation")
COLUMNS = {
    "courses.csv": (*PRESENTATION, "module_presentation_length"),
    "assessments.csv": (*PRESENTATION, "id_assessment", "assessment_type", "date", "weight"),
    "vle.csv": (*PRESENTATION, "id_site", "activity_type", "week_from", "week_to"),
    "studentInfo.csv": (
        *PRESENTATION, "id_student", "gender", "region", "highest_education", "imd_band", "age_band",
        "num_of_prev_attempts", "studied_credits", "disability", "final_result",
    ),
    "studentRegistration.csv": (*PRESENTATION, "id_student", "date_registration", "date_unregistration"),
    "studentAssessment.csv": ("id_assessment", "id_student", "date_submitted", "is_banked", "score"),
    "studentVle.csv": (*PRESENTATION, "id_student", "id_site", "date", "sum_click"),
}  # fmt: skip
KINDS = {"TMA": "tma", "CMA": "cma", "Exam": "exam"}
RESULTS = {"Pass": "pass", "Fail": "fail", "Withdrawn": "withdrawn", "Distinction": "distinction"}
FLAGS = {"0": False, "1": True}

MODULE = re.compile(r"[A-Z]{3}", re.ASCII)
CODE = re.compile(r"20[0-9]{2}[A-L]", re.ASCII)
ACTIVITY_TYPE = re.compile(r"[a-z]{1,40}", re.ASCII)
FIRST_DAY, LAST_DAY = -1_000, 2_000


class UnknownPresentation(Exception):
    """The file does not have a presentation that the caller wants."""


class Oulad(NamedTuple):
    """The chosen presentations in the order of the file, and how many rows each file has, chosen or not."""

    presentations: list[Presentation]
    rows: dict[str, int]


def size_of(path: Path) -> int:
    """Bytes to read; raises Malformed where a file is missing."""
    with Archive(path) as archive:
        return archive.size(*COLUMNS)


def read(path: Path, wanted: Collection[str] = (), advance: Advance = lambda _: None) -> Oulad:
    """
    Read and check the whole file.

    Args:
        wanted: run ids of the presentations to keep (`AAA-2013J`), empty for all.
        advance: called with the number of bytes that have been read since.

    Raises:
        Malformed: the file cannot be imported.
        UnknownPresentation: one of the *wanted* is not in it.
    """
    with Archive(path, advance) as archive:
        archive.size(*COLUMNS)
        return _Reader(archive, wanted).read()


class _Reader:
    """One pass over all files; each refers to rows of earlier files only."""

    def __init__(self, archive: Archive, wanted: Collection[str]) -> None:
        self._archive = archive
        self._wanted = wanted
        self._presentations: dict[tuple[str, str], Presentation] = {}
        self._assessments: dict[str, Presentation] = {}
        self._results: dict[tuple[str, str, str], tuple[str, int]] = {}
        self._rows: dict[str, int] = {}

    def read(self) -> Oulad:
        self._courses()
        chosen = self._choose()
        self._assess()
        self._sites()
        self._info()
        self._registrations()
        self._submissions(chosen)
        self._activity(chosen)
        return Oulad([self._presentations[key] for key in self._presentations if key in chosen], self._rows)

    def _courses(self) -> None:
        name, lengths = "courses.csv", Whole("module_presentation_length", 1, LAST_DAY)
        with self._archive.table(name, COLUMNS[name]) as table:
            for module, code, length in table:
                if not MODULE.fullmatch(module) or not CODE.fullmatch(code):
                    raise BadValue(f"{module!r}, {code!r} is not the name of a presentation, such as AAA, 2013J")
                if (module, code) in self._presentations:
                    raise BadValue(f"{module}-{code} is listed twice")
                self._presentations[module, code] = Presentation(module, code, lengths[length], table.line)
        self._rows[name] = table.rows

    def _choose(self) -> frozenset[tuple[str, str]]:
        known = {presentation.run_id: key for key, presentation in self._presentations.items()}
        for run_id in self._wanted:
            if run_id not in known:
                near = difflib.get_close_matches(run_id.upper(), known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}"
                raise UnknownPresentation(f"{self._archive.path} has no presentation {run_id}: {hint}")
        return frozenset(known[run_id] for run_id in self._wanted or known)

    def _presentation(self, module: str, code: str) -> Presentation:
        try:
            return self._presentations[module, code]
        except KeyError:
            raise BadValue(f"presentation {module}-{code} is not in courses.csv") from None

    def _assess(self) -> None:
        name, days, weights = "assessments.csv", Whole("date", FIRST_DAY, LAST_DAY), BasisPoints("weight")
        ids = Ids("id_assessment")
        with self._archive.table(name, COLUMNS[name]) as table:
            for module, code, text, kind, day, weight in table:
                presentation, number = self._presentation(module, code), ids[text]
                if number in self._assessments:
                    raise BadValue(f"assessment {number} is listed twice")
                self._assessments[number] = presentation
                presentation.assessments[number] = Assessment(
                    number, one_of("assessment_type", KINDS, kind), days.optional(day), weights[weight]
                )
                presentation.lines.assessments[number] = table.line
        self._rows[name] = table.rows

    def _sites(self) -> None:
        name, weeks, ids = "vle.csv", Whole("week", 0, LAST_DAY // 7), Ids("id_site")
        with self._archive.table(name, COLUMNS[name]) as table:
            for module, code, text, kind, week_from, week_to in table:
                presentation, number = self._presentation(module, code), ids[text]
                if number in presentation.site_index or number in presentation.assessments:
                    raise BadValue(f"{presentation.run_id} has something else with the number {number}")
                if not ACTIVITY_TYPE.fullmatch(kind):
                    raise BadValue(f"activity_type is {kind!r}, not a word in small letters")
                presentation.site_index[number] = len(presentation.sites)
                presentation.sites.append(Site(number, kind, weeks.optional(week_from), weeks.optional(week_to)))
        self._rows[name] = table.rows
        for presentation in self._presentations.values():
            units = len(presentation.sites) + len(presentation.assessments)
            if not 0 < units <= MOST_UNITS:
                raise Malformed(f"{presentation.run_id} has {units} sites and assessments, not 1 to {MOST_UNITS:,}")

    def _info(self) -> None:
        name, ids = "studentInfo.csv", Ids("id_student")
        with self._archive.table(name, COLUMNS[name]) as table:
            for module, code, text, *_, result in table:
                self._presentation(module, code)
                learner = ids[text]
                if (module, code, learner) in self._results:
                    raise BadValue(f"student {learner} is listed twice for {module}-{code}")
                self._results[module, code, learner] = one_of("final_result", RESULTS, result), table.line
        self._rows[name] = table.rows

    def _registrations(self) -> None:
        name, days, ids = "studentRegistration.csv", Whole("date", FIRST_DAY, LAST_DAY), Ids("id_student")
        with self._archive.table(name, COLUMNS[name]) as table:
            for module, code, text, registered, unregistered in table:
                presentation, learner = self._presentation(module, code), ids[text]
                if learner in presentation.learners:
                    raise BadValue(f"student {learner} is listed twice for {presentation.run_id}")
                if (module, code, learner) not in self._results:
                    raise BadValue(f"student {learner} of {presentation.run_id} is not in studentInfo.csv")
                result, line = self._results.pop((module, code, learner))
                presentation.lines.infos.append(line)
                presentation.lines.registrations.append(table.line)
                presentation.learners[learner] = len(presentation.registrations)
                presentation.registrations.append(
                    Registration(learner, days.optional(registered), days.optional(unregistered), result)
                )
                if len(presentation.registrations) > MOST_LEARNERS:
                    raise BadValue(f"more than {MOST_LEARNERS:,} students on {presentation.run_id}")
        self._rows[name] = table.rows
        for (module, code, learner), (_, line) in self._results.items():
            raise Malformed(f"studentInfo.csv, line {line}: student {learner} is not registered on {module}-{code}")

    def _submissions(self, chosen: Collection[tuple[str, str]]) -> None:
        name, days, scores = "studentAssessment.csv", Whole("date_submitted", FIRST_DAY, LAST_DAY), BasisPoints("score")
        assessments, learners = Ids("id_assessment"), Ids("id_student")
        seen: set[tuple[str, str]] = set()
        with self._archive.table(name, COLUMNS[name]) as table:
            for text, student, day, banked, score in table:
                number, learner = assessments[text], learners[student]
                presentation = self._assessments.get(number)
                if presentation is None:
                    raise BadValue(f"assessment {number} is not in assessments.csv")
                if (number, learner) in seen:
                    raise BadValue(f"assessment {number} of student {learner} is listed twice")
                seen.add((number, learner))
                index = _learner(presentation, learner)
                submission = Submission(index, number, one_of("is_banked", FLAGS, banked), scores.optional(score))
                on = days[day]
                if (presentation.module, presentation.code) in chosen:
                    presentation.submissions[on].append(submission)
                    presentation.lines.submissions[on].append(table.line)
        self._rows[name] = table.rows

    def _activity(self, chosen: Collection[tuple[str, str]]) -> None:
        name, days, clicks = "studentVle.csv", Whole("date", FIRST_DAY, LAST_DAY), Whole("sum_click", 1, MOST_CLICKS)
        learners, sites = Ids("id_student"), Ids("id_site")
        with self._archive.table(name, COLUMNS[name]) as table:
            for module, code, student, text, day, number in table:
                presentation, site = self._presentation(module, code), sites[text]
                index = _learner(presentation, learners[student])
                try:
                    row = pack(index, presentation.site_index[site], clicks[number])
                except KeyError:
                    raise BadValue(f"site {site} of {presentation.run_id} is not in vle.csv") from None
                on = days[day]
                if (module, code) in chosen:
                    presentation.activity[on].append(row)
                    presentation.lines.activity[on].append(table.line)
        self._rows[name] = table.rows


def _learner(presentation: Presentation, learner: str) -> int:
    try:
        return presentation.learners[learner]
    except KeyError:
        raise BadValue(f"student {learner} is not registered on {presentation.run_id}") from None
