"""
Mentions as a person types and reads them: `@Name` in a form, `@[LEARNER_ID]` in what the API keeps.

A name that several people of the run have stands for none of them; the list of the form has each with an id then.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.run_names import plain
from web.page import Page

MOST_LOOKED_UP = 20  # names of one text
_BEFORE = r"(?<![\w@\[/.])@"
_TYPED = re.compile(rf"{_BEFORE}(\w[\w'-]*)")
_CODE = re.compile(r"(^```.*?^```|`[^`\n]*`)", re.DOTALL | re.MULTILINE)

People = Sequence[Mapping[str, Any]]


async def mentionable(page: Page, part: str = "") -> People:
    """The people of the run of the address whom a post can mention, by a part of the name."""
    found = await page.api.read("/v1/runs/{}/mentionable", page.parts["run_id"], q=part[:64])
    people: People = found["items"]
    return people


async def offered(page: Page) -> People:
    """Those whom a page offers; none where it is only drawn again, which leaves the list as it is."""
    return [] if "hx-request" in page.request.headers else await mentionable(page)


async def with_ids(page: Page, text: str) -> str:
    """A text that was typed, with ids in the place of the names after `@` that one person of the run has."""
    words = list(dict.fromkeys(plain(each) for each in _TYPED.findall(_CODE.sub("", text))))[:MOST_LOOKED_UP]
    people = {each["learner_id"]: each for word in words for each in await mentionable(page, word)}
    return replaced(text, list(people.values())) if people else text


def replaced(text: str, people: People) -> str:
    """A text with ids in the place of the names of people, the longest first, but in code."""
    ids: dict[str, list[str]] = {}
    for each in people:
        ids.setdefault(plain(each["name"]), []).append(each["learner_id"])
    names = sorted({each["name"] for each in people if len(ids[plain(each["name"])]) == 1}, key=len, reverse=True)
    if not names:
        return text
    pattern = re.compile(rf"{_BEFORE}({'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)
    parts = _CODE.split(text)
    parts[::2] = [pattern.sub(lambda found: f"@[{ids[plain(found[1])][0]}]", part) for part in parts[::2]]
    return "".join(parts)


def in_the_form(text: str, people: People) -> str:
    """A text as its author changes it: with the names of those whom it mentions, where no two have the same."""
    names = [each["name"] for each in people]
    for each in people:
        if each["name"] and names.count(each["name"]) == 1:
            text = text.replace(f"@[{each['learner_id']}]", f"@{each['name']}")
    return text


def as_read(page: Page, people: People) -> dict[str, str]:
    """What stands for each person in a post."""
    return {each["learner_id"]: _called(page, each) for each in people}


def _called(page: Page, person: Mapping[str, Any]) -> str:
    return page.say("erased person") if person["erased"] else person["name"] or str(person["learner_id"])[:12]
