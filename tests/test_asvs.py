"""
The answers to the Application Security Verification Standard 5.0.0, levels 1 and 2 (docs/security/asvs.csv).

The standard's text is OWASP's and is not kept here: the file has the numbers of its requirements.
"""

import csv
import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ANSWERS = ROOT / "docs" / "security" / "asvs.csv"
STATES = ("met", "partly", "not done", "not applicable")
REQUIREMENTS = "682ee518f26e522cbd58eef0fee5a3e598a9220636bcbb2b6f8dd260aee43ee6"
"""SHA-256 of lines `NUMBER,LEVEL` of the 253 requirements, in the order of the standard."""


def answers() -> list[dict[str, str]]:
    """The lines of the file."""
    with ANSWERS.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_requirement_is_answered() -> None:
    """Each once, in the order of the standard."""
    lines = "\n".join(f"{each['requirement']},{each['level']}" for each in answers())
    assert hashlib.sha256(lines.encode()).hexdigest() == REQUIREMENTS
    assert len(answers()) == 253


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: answer["requirement"])
def test_an_answer_says_what_shows_it(answer: dict[str, str]) -> None:
    """A link to what is there, or a reason; what is missing is said."""
    state, evidence, note = answer["state"], answer["evidence"].split(), answer["note"]
    assert state in STATES
    assert evidence or state not in {"met", "partly"}
    assert note or state == "met"
    assert note.startswith("not done: ") == (state == "not done")
    for link in evidence:
        assert_leads_somewhere(link)


def assert_leads_somewhere(link: str) -> None:
    """To a file, and to a test in it if the link names one."""
    path, _, name = link.partition("::")
    assert (ROOT / path).exists(), link
    assert not name or re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), link


def test_what_an_attacker_tries_has_tests() -> None:
    """Each line of docs/security/hostile.md names tests that are there."""
    lines = (ROOT / "docs" / "security" / "hostile.md").read_text().splitlines()
    for line in [line for line in lines if line.startswith("| ")][2:]:
        links = re.findall(r"`(tests/[^`]+)`", line)
        assert links, line
        for link in links:
            assert "::" in link
            assert_leads_somewhere(link)


def test_the_document_counts_them() -> None:
    """The summary that people read has the numbers of the file."""
    text = (ROOT / "docs" / "security" / "README.md").read_text()
    counted = Counter(each["state"] for each in answers())
    for state in STATES:
        assert f"| {state} | {counted[state]} |" in text, (state, counted[state])
