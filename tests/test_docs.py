"""What the documents list is what the code has."""

import re
from pathlib import Path

import pytest

from domain.registry import FACTS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ADD_A_CONTEXT = "docs/howto/add-a-context.md"  # names files that its reader makes; a test of its own runs it
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md"))
)
FOLDERS = "adapters|api|benchmarks|campuslog|cli|commands|deploy|docs|domain|projections|scripts|tests|workers"
NAMED_PATH = re.compile(rf"(?<![\w/.$-])(?:{FOLDERS})/[\w./*-]*")
NAMED_TEST = re.compile(r"(?<![\w/])test_\w+\.py")
LINK = re.compile(r"\]\((?!http|#)([^)#]+)[^)]*\)")


def test_every_fact_is_documented() -> None:
    """docs/facts.md names every fact, and none that does not exist."""
    lines = (DOCS / "facts.md").read_text().splitlines()
    documented = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert documented == set(FACTS)


@pytest.mark.parametrize("page", [page for page in PAGES if page != ADD_A_CONTEXT])
def test_every_path_that_a_page_names_exists(page: str) -> None:
    """A page names modules, folders and tests that the repository has; a decision may also name what it removed."""
    text = (ROOT / page).read_text()
    if page.startswith("docs/decisions/"):
        text = text.partition("Kept by:")[2]
    paths = {path.rstrip("./").replace("NAME", "*") for path in NAMED_PATH.findall(text)}
    paths |= {f"tests/**/{name}" for name in NAMED_TEST.findall(text)}
    assert {path for path in paths if not any(ROOT.glob(path))} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    """A relative link leads to a file of the repository."""
    links = LINK.findall((ROOT / page).read_text())
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
