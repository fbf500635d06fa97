"""The document of a credential says the outcome, the grade, and the letter where the course has letters."""

from datetime import UTC, datetime

import pytest

from adapters.credentials.document import unsigned
from adapters.credentials.issued import CredentialFacts, Issued


@pytest.mark.parametrize(("letter", "more"), [(None, []), ("B", ["B"])])
def test_a_letter_is_a_result(letter: str | None, more: list[str]) -> None:
    """A credential of a course without letters is the document that it was before there were any."""
    says = CredentialFacts("c1", "pass", 8_250, "algebra", 1, "Algebra", letter)
    issued = Issued("ann", "algebra-1", says, datetime(2026, 6, 30, tzinfo=UTC), None)
    subject = unsigned(issued, "https://campus.example", "Campus", None)["credentialSubject"]
    assert [result["value"] for result in subject["result"]] == ["passed", "82.50 %", *more]
