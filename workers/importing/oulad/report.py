"""The report of an import: rows read, facts appended, and whether every row of the file is a fact of the log."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from adapters.oulad.model import Presentation
from domain.admin import ImportedRows

BECOMES = {
    "courses.csv": "run.scheduled",
    "assessments.csv": "quiz.published",
    "vle.csv": "course.version_published",  # many rows become the units of one version
    "studentInfo.csv": "progress.course_outcome_decided",
    "studentRegistration.csv": "enrollment.requested",
    "studentAssessment.csv": "attempt.submitted",
    "studentVle.csv": "progress.activity_recorded",
}
UNITS = "vle.csv"


@dataclass
class ImportReport:
    """
    The result of an import.

    Attributes:
        read: rows of each file.
        chosen: the presentations to import.
        before: run ids of those among them that earlier imports have completed.
        units: number of sites published as units.
        appended: facts by type; *found* are those that an interrupted import had appended.
        irregular: facts of both kinds that break a rule, by reason.
        number: of the import, by which its facts name it.
        position: of the last fact of the log.
        seconds: from the first look at the log to the last fact, after *seconds_reading*.
    """

    file: str
    read: dict[str, int]
    chosen: list[Presentation]
    before: set[str] = field(default_factory=set)
    units: int = 0
    appended: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    irregular: Counter[str] = field(default_factory=Counter)
    number: int = 0
    position: int = 0
    seconds: float = 0.0
    seconds_reading: float = 0.0

    @property
    def adds_up(self) -> bool:
        """Whether each row is one fact."""
        return all(line["imported_now"] == line["facts"] for line in self.rows().values())

    def rows(self) -> dict[str, dict[str, Any]]:
        """For each file: rows read, left out, imported before and now, and the facts for them."""
        chosen, before = Counter[str](), Counter[str]()
        for presentation in self.chosen:
            rows = rows_of(presentation)
            chosen.update(rows)
            if presentation.run_id in self.before:
                before.update(rows)
        return {
            name: {
                "read": read,
                "not_chosen": read - chosen[name],
                "imported_before": before[name],
                "imported_now": chosen[name] - before[name],
                "fact": fact,
                "facts": self.units if name == UNITS else self.appended[fact] + self.found[fact],
            }
            for (name, fact), read in zip(BECOMES.items(), (self.read[name] for name in BECOMES), strict=True)
        }

    def brought(self) -> list[ImportedRows]:
        """The same as the log keeps it; the import refuses whole files only."""
        return [
            ImportedRows(
                name=name,
                read=row["read"],
                not_chosen=row["not_chosen"],
                before=row["imported_before"],
                imported=row["imported_now"],
                refused=0,
            )
            for name, row in self.rows().items()
        ]

    def add_catalog(self, positions: Iterable[tuple[str, int]], head: int) -> None:
        """Count facts of the catalog; those up to *head* were found."""
        for fact, position in positions:
            (self.appended if position > head else self.found)[fact] += 1

    def as_json(self) -> dict[str, Any]:
        """The report for `--json`."""
        appended = self.appended.total()
        return {
            "file": self.file,
            "import": self.number,
            "presentations": [presentation.run_id for presentation in self.chosen],
            "imported_before": [p.run_id for p in self.chosen if p.run_id in self.before],
            "rows": self.rows(),
            "facts": appended,
            "facts_by_type": dict(sorted(self.appended.items())),
            "facts_found": self.found.total(),
            "facts_found_by_type": dict(sorted(self.found.items())),
            "irregular": dict(sorted(self.irregular.items())),
            "adds_up": self.adds_up,
            "position": self.position,
            "seconds_reading": round(self.seconds_reading, 3),
            "seconds": round(self.seconds, 3),
            "facts_per_second": round(appended / self.seconds) if self.seconds else 0,
        }


def rows_of(presentation: Presentation) -> dict[str, int]:
    """Number of rows of each file that belong to a presentation."""
    return {
        "courses.csv": 1,
        "assessments.csv": len(presentation.assessments),
        "vle.csv": len(presentation.sites),
        "studentInfo.csv": len(presentation.registrations),
        "studentRegistration.csv": len(presentation.registrations),
        "studentAssessment.csv": sum(map(len, presentation.submissions.values())),
        "studentVle.csv": sum(map(len, presentation.activity.values())),
    }
