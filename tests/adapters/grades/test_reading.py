"""Files of grades: lists, and the exported matrix with other numbers in it."""

import pytest

from adapters.csv_lines import BadLine
from adapters.grades.reading import BadGrades, GivenGrade, read_grades

QUIZZES = {"q1", "q2", "status"}


def test_a_list_has_a_grade_on_each_line() -> None:
    """By id or address, with any separator; what is wrong is said of the line, without what was written there."""
    text = (
        "E-Mail;quiz_id;score_bp;remarks\nada@example.org;q1;7500;good\n;q1;1;\nben@example.org;q9;1;\ncid@x;q1;75 %;\n"
    )
    found = read_grades(text.encode("utf-16"), QUIZZES)
    assert found.ignored == ["remarks"]
    assert list(found.grades) == [
        GivenGrade(2, "", "ada@example.org", "q1", 7_500),
        BadLine(line=3, field="", problem="says of no person who it is"),
        BadLine(line=4, field="quiz_id", problem="has to be an assessment of the run"),
        BadLine(line=5, field="score_bp", problem="has to be basis points, a whole number from 0 to 10000"),
    ]


def test_an_exported_matrix_is_read_again() -> None:
    """Computed columns say nothing, nor do empty cells; an assessment may be called as such a column is."""
    text = (
        '"learner_id","status","grade_so_far_bp","grade_bp","letter","category:home","q1","q2","quiz:status"\r\n'
        '"28400","active",7500,3000,"B",10000,7500,,10000\r\n"28401","active",,,,,,10001,5000.0\r\n'
    )
    found = read_grades(text.encode(), QUIZZES)
    assert found.ignored == []
    assert list(found.grades) == [
        GivenGrade(2, "28400", "", "q1", 7_500),
        GivenGrade(2, "28400", "", "status", 10_000),
        BadLine(line=3, field="q2", problem="has to be basis points, a whole number from 0 to 10000"),
        GivenGrade(3, "28401", "", "status", 5_000),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("name,q1\nAda,1\n", "`learner_id` or `email`"),
        ("learner_id,q9\n1,1\n", "no column is an assessment"),
        ("learner_id,q1,quiz:q1\n1,1,1\n", "columns 2 and 3 both are q1"),
    ],
)
def test_a_head_has_to_say_who_and_what(text: str, problem: str) -> None:
    """Else nothing of the file is taken."""
    with pytest.raises(BadGrades) as refused:
        read_grades(text.encode(), QUIZZES)
    assert problem in refused.value.sentence
