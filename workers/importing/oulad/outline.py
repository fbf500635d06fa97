"""A presentation in the catalog: titles, and units in the order of their weeks and deadlines."""

from collections import Counter

from adapters.oulad.model import Assessment, Presentation, Site
from domain.catalog import Unit
from domain.grading import Group
from domain.kinds import has_score

KINDS = {"tma": "TMA", "cma": "CMA", "exam": "Exam"}
DAYS_OF_WEEK = 7
COURSEWORK, EXAM = "coursework", "exam"  # groups


def course_title(module: str) -> str:
    """The title of a module, which is anonymous and has no title but its letters."""
    return f"Module {module}"


def units(presentation: Presentation) -> list[Unit]:
    """
    Sites without a week first, then sites and assessments by day; only assessments have weight and deadline.

    An assessment that no learner has handed in was not recorded: most exams are missing from the submissions.
    """
    titles, recorded = assessment_titles(presentation), recorded_assessments(presentation)
    grouped = {group.group_id for group in groups(presentation)}
    placed = [(_day_of_site(site), 0, int(site.site_id), _site_unit(site)) for site in presentation.sites]
    for assessment in presentation.assessments.values():
        unit = Unit(
            assessment.assessment_id,
            assessment.kind,
            titles[assessment.assessment_id],
            assessment.weight_bp,
            assessment.due_on,
            group if (group := group_of(assessment)) in grouped else "",
            assessment.assessment_id in recorded,
        )
        placed.append((_due(assessment, presentation), 1, int(assessment.assessment_id), unit))
    return [unit for *_, unit in sorted(placed, key=lambda place: place[:3])]


def recorded_assessments(presentation: Presentation) -> set[str]:
    """The assessments of which the presentation has any submission; all of them if it has none at all."""
    handed_in = {each.assessment_id for day in presentation.submissions.values() for each in day}
    return handed_in or set(presentation.assessments)


def group_of(assessment: Assessment) -> str:
    """What an assessment is part of: the dataset gives coursework and exam 100 % each."""
    return EXAM if assessment.kind == EXAM else COURSEWORK


def groups(presentation: Presentation) -> list[Group]:
    """Coursework and exam, equally, where the presentation has records of both; else none, which is one mean."""
    recorded = recorded_assessments(presentation)
    found = {group_of(a) for a in presentation.assessments.values() if a.weight_bp and a.assessment_id in recorded}
    return [Group(group_id, group_id.capitalize(), 1) for group_id in (COURSEWORK, EXAM)] if len(found) > 1 else []


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
    """A site has clicks; the results of one that is a quiz were not recorded."""
    kind = site.activity_type
    return Unit(site.site_id, kind, f"{kind} {site.site_id}", recorded=not has_score(kind))
