"""What the documents list is what the code has."""

from pathlib import Path

from domain.registry import FACTS

DOCS = Path(__file__).parents[1] / "docs"


def test_every_fact_is_documented() -> None:
    """docs/facts.md names every fact, and none that does not exist."""
    lines = (DOCS / "facts.md").read_text().splitlines()
    documented = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert documented == set(FACTS)
