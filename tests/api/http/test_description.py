"""The OpenAPI description, as far as no server is needed: its examples are examples of what it describes."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest

from adapters.settings import Settings
from api.app import build
from api.http.openapi import query

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="only-for-the-description")
DOCUMENT: dict[str, Any] = build(NOWHERE).openapi()


def examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Every example of a body, with its place and its schema."""
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            bodies = {"body": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                for content in body.get("content", {}).values():
                    if "schema" in content and "example" in content:
                        yield f"{method} {path} {name}", content["schema"], content["example"]
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for example in schema.get("examples", []):
            yield name, schema, example


EXAMPLES = {place: (schema, example) for place, schema, example in examples()}


@pytest.mark.parametrize("place", EXAMPLES)
def test_an_example_fits_its_schema(place: str) -> None:
    """Every example of an answer, a problem or a body has the fields and types that are described."""
    schema, example = EXAMPLES[place]
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema.validate(example, whole, jsonschema.Draft202012Validator)


def test_answers_have_examples() -> None:
    """Every answer that is described has an example."""
    without = [
        f"{method} {path}"
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        for content in operation["responses"].get("200", {}).get("content", {}).values()
        if content.get("schema") and "example" not in content
    ]
    assert without == []


def test_two_answers_of_one_name_are_refused() -> None:
    """The description would show one of them for both."""

    class RunDashboard(msgspec.Struct):
        """Another answer, with a name that is taken."""

        run_id: str

    with pytest.raises(TypeError, match="two answers are called RunDashboard"):
        query(RunDashboard("algebra-2026"))
