"""The OpenAPI description, as far as no server is needed: its examples are examples of what it describes."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest

from api.http.openapi import query
from tests.support.description import description


def examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Every example of a body, with its place and its schema."""
    for path, operations in description()["paths"].items():
        for method, operation in operations.items():
            bodies = {"body": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                for media_type, content in body.get("content", {}).items():
                    if "schema" in content and "example" in content:
                        yield f"{method} {path} {name} {media_type}", content["schema"], content["example"]
    for name, schema in description()["components"]["schemas"].items():
        for example in schema.get("examples", []):
            yield name, schema, example


def test_every_example_fits_its_schema() -> None:
    """Every example of an answer, a problem or a body has the fields and types that are described."""
    import jsonschema  # takes seconds, of each worker of pytest-xdist if it stood above

    validator = jsonschema.Draft202012Validator
    whole = validator({"components": description()["components"]})
    wrong = []
    for place, schema, example in examples():
        validator.check_schema(schema)
        wrong += [(place, error.message) for error in whole.evolve(schema=schema).iter_errors(example)]
    assert wrong == []


def test_answers_have_examples() -> None:
    """Every answer that is described has an example."""
    without = [
        f"{method} {path}"
        for path, operations in description()["paths"].items()
        for method, operation in operations.items()
        for content in operation["responses"].get("200", {}).get("content", {}).values()
        if content.get("schema") and "example" not in content
    ]
    assert without == []


@cache
def fields() -> dict[str, dict[str, Any]]:
    """Every field of every shape of an answer, by its place; of one that may be null, what it is otherwise."""
    found = {}
    for name, shape in description()["components"]["schemas"].items():
        for field, schema in shape.get("properties", {}).items():
            choices = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
            found[f"{name}.{field}"] = choices[0]
    return found


def test_every_time_is_described_as_one() -> None:
    """With the format of RFC 3339; days are days."""
    times = {
        place: schema.get("format") for place, schema in fields().items() if place.endswith(("_at", ".at", "_until"))
    }
    assert set(times.values()) - {None} == {"date-time"}
    assert [place for place, form in times.items() if form is None] == ["Defect.at"]  # a place in a request
    assert fields()["StatusesOfDay.day"]["format"] == fields()["ActivityOfWeek.week"]["format"] == "date"


def test_objects_and_arrays_say_what_is_in_them() -> None:
    """Only data of facts, rows of read models, their changes and questions may be anything; and what browsers get."""
    bare = [
        place
        for place, schema in fields().items()
        if (schema.get("type") == "object" and "additionalProperties" not in schema)
        or (
            (schema.get("type") == "array" and schema.get("items", {}).get("type") in {None, "object"})
            and not {"$ref", "oneOf"} & schema.get("items", {}).keys()
        )
    ]
    questions = [f"AskedItem.{field}" for field in ("key", "question", "response")]
    questions += ["WaitingItem.question", "WaitingItem.response", "NewMark.levels"]
    questions += [f"{kind}.{field}" for kind in ("ShownQuestion", "WrittenItem") for field in ("key", "question")]
    rows = ["DocumentChange.patch", "LearnerTimeline.dashboard", "LearnerTimeline.other"]
    rows += ["RowDifference.new", "RowDifference.old"]
    assert sorted(bare) == sorted(
        [*questions, *rows, "HeldFact.data", "HistoryFact.data", "OneFact.data", "PasskeyChallenge.options"]
    )


def test_words_of_a_set_are_listed() -> None:
    """Those that only this code writes are closed sets; those that were published may grow."""
    for place in (
        "CourseRun.status",
        "HistoryFact.type",
        "ActivityEntry.outcome",
        "Problem.code",
        "NewUnit.kind",
        "NewRun.pacing",
    ):
        assert fields()[place]["enum"]
    for place in (
        "Unit.kind",
        "QuizHead.kind",
        "GradebookRow.kind",
        "CourseRun.pacing",
        "CourseVersion.grading_policy",
    ):
        assert fields()[place]["x-extensible-enum"]


def test_a_query_takes_no_idempotency_key() -> None:
    """It changes nothing, so none is looked at; every command takes one."""
    taken = {
        method
        for operations in description()["paths"].values()
        for method, operation in operations.items()
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
    }
    assert "post" in taken
    assert "get" not in taken


def test_two_answers_of_one_name_are_refused() -> None:
    """The description would show one of them for both."""

    class RunDashboard(msgspec.Struct):
        """Another answer, with a name that is taken."""

        run_id: str

    with pytest.raises(TypeError, match="two answers are called RunDashboard"):
        query(RunDashboard("algebra-2026"))
