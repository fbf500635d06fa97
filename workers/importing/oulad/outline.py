"""A presentation in the catalog: titles, and units in the order of their weeks and deadlines."""

from collections import Counter

from adapters.oulad.model import Assessment, Presentation, Site
from domain.catalog import Unit

KINDS = {"tma": "TMA", "cma": "CMA", "exam": "Exam"}
DAYS_OF_WEEK = 7


def course_title(module: str) -> str:
    """The title of a module, which is anonymous and has no title but its letters."""
    return f"Module {module}"


def units(presentation: Presentation) -> list[Unit]:
    """Sites without a week first, then sites and assessments by day; only assessments have weight and deadline."""
    titles = assessment_titles(presentation)
    placed = [(_day_of_site(site), 0, int(site.site_id), _site_unit(site)) for site in presentation.sites]
    for assessment in presentation.assessments.values():
        unit = Unit(
            assessment.assessment_id,
            assessment.kind,
            titles[assessment.assessment_id],
            assessment.weight_bp,
            assessment.due_on,
        )
        placed.append((_due(assessment, presentation), 1, int(assessment.assessment_id), unit))
    return [unit for *_, unit in sorted(placed, key=lambda place: place[:3])]


def assessment_titles(presentation: Presentation) -> dict[str, str]:
    """`TMA 1`, `TMA 2`, `CMA 1`, …, numbered by their deadlines, by assessment."""
    numbers: Counter[str] = Counter()
    titles = {}
    order = sorted(presentation.assessments.values(), key=lambda a: (_due(a, presentation), int(a.assessment_id)))
    for assessment in order:
        numbers[assessment.kind] += 1
        titles[assessment.assessment_id] = f"{KINDS[assessment.kind]} {numbers[assessment.kind]}"
    return titles


def _due(assessment: Assessment, presentation: Presentation) -> int:
    return presentation.days if assessment.due_on is None else assessment.due_on


def _day_of_site(site: Site) -> int:
    return -1 if site.week_from is None else site.week_from * DAYS_OF_WEEK


def _site_unit(site: Site) -> Unit:
    return Unit(site.site_id, site.activity_type, f"{site.activity_type} {site.site_id}")
