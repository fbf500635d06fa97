"""
The one place where percent, grade and outcome are computed: for commands, read models, imports and analysts.

Everything is exact until the end: whole numbers, compared before they are rounded, rounded once, half up.

    counted       the units that count: those with a weight; where none has one, each scored unit the same, else all
    percent       the completed share of them, 0 to 10,000; 10,000 where all are completed and the course is not failed
    final grade   the mean of their scores by weight; what was not handed in is 0; there is none without weights
    grade so far  the same over the units that are scored, or were due
    excused       completed by hand without a score (a page, or an exemption by staff): no part in either grade
    categories    groups whose lowest scores are dropped, and extra credit (domain.grading.parts)
    letter        the highest step of the course's scale that a grade reaches; nothing is rounded for that

An assessment of which the run has no records (`recorded` is false) has no part in anything.
"""

from domain.grading.grade import (
    Grade,
    Grades,
    final_grade,
    grade_so_far,
    letter_of,
    shown,
    shown_grades,
    shown_letters,
)
from domain.grading.outcome import (
    DISTINCTION_BP,
    FAILED,
    FORMULA,
    OUTCOMES,
    PASS_BP,
    PASSING_OUTCOMES,
    Decision,
    Record,
    can_still_pass,
    decide,
    decision_of,
    outcome_of,
)
from domain.grading.parts import COUNTS, EXTRA, GradePart, GradeParts, grade_parts
from domain.grading.percent import PERCENT_OF_FAILED, percent_and_half, percent_bp
from domain.grading.report import CategoryGrade, UnitGrade, categories_of
from domain.grading.rows import CompletedUnits, best_of, keep_best, note_completed, scores_of, set_score
from domain.grading.scheme import (
    CATEGORIES,
    WEIGHTED_MEAN,
    CountsAs,
    Group,
    Letter,
    Scheme,
    counted,
    scheme_of,
    with_quiz,
)

__all__ = [
    "CATEGORIES",
    "COUNTS",
    "DISTINCTION_BP",
    "EXTRA",
    "FAILED",
    "FORMULA",
    "OUTCOMES",
    "PASSING_OUTCOMES",
    "PASS_BP",
    "PERCENT_OF_FAILED",
    "WEIGHTED_MEAN",
    "CategoryGrade",
    "CompletedUnits",
    "CountsAs",
    "Decision",
    "Grade",
    "GradePart",
    "GradeParts",
    "Grades",
    "Group",
    "Letter",
    "Record",
    "Scheme",
    "UnitGrade",
    "best_of",
    "can_still_pass",
    "categories_of",
    "counted",
    "decide",
    "decision_of",
    "final_grade",
    "grade_parts",
    "grade_so_far",
    "keep_best",
    "letter_of",
    "note_completed",
    "outcome_of",
    "percent_and_half",
    "percent_bp",
    "scheme_of",
    "scores_of",
    "set_score",
    "shown",
    "shown_grades",
    "shown_letters",
    "with_quiz",
]
