"""
`/search`: what there is by a few words, among what the reader may see; the dialog behind Ctrl or ⌘ K shows the same.

Each kind of thing is asked from the route that lists it, so the policy decides. A part that does not answer is left
out, and the page says so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import structlog
from fastapi import Response

from domain.registry import FACTS
from web.analyze.facts import described
from web.client import Problem
from web.learn.forums import place_of
from web.page import Page
from web.routing import Pages
from web.teach.home import runs_taught

logger = structlog.get_logger()
pages = Pages()
LONGEST = 200  # characters of what is looked for
MOST = 6  # of a kind
RUNS_OPENED = 4  # of one's own, whose units are looked through
LONGEST_ID = 64
SHORTEST_NAME = 2  # characters of a name that is looked for
LONGEST_ABOUT = 120  # characters of a post
FORBIDDEN = 403
NO_KEYS = "accounts_closed"  # a campus without a master key has no index of its forum


def _(text: str) -> str:
    """Mark a sentence; it is looked up where it is shown."""
    return text


class Place(NamedTuple):
    """A page: its address, what it is called, and the desk to which it belongs; `account` for who has signed in."""

    address: str
    name: str
    desk: str


class Found(NamedTuple):
    """One thing: its address, what it is called, and what it is."""

    address: str
    name: str
    about: str = ""


class Group(NamedTuple):
    """Things of a kind."""

    name: str
    items: list[Found]


PLACES: Final = (
    Place("/learn", _("Your courses, deadlines and progress"), "learn"),
    Place("/courses", _("All courses"), ""),
    Place("/learn/forum", _("Forum of all courses"), "learn"),
    Place("/learn/orders", _("Your orders and subscriptions"), "learn"),
    Place("/learn/transcript", _("Transcript"), "learn"),
    Place("/learn/certificates", _("My certificates"), "learn"),
    Place("/certificates", _("Check a certificate"), ""),
    Place("/account", _("Profile: name, language, time zone"), "learn"),
    Place("/account/security", _("Security: password, passkeys, second factors"), "learn"),
    Place("/account/sessions", _("Sessions: where you are signed in"), "learn"),
    Place("/account/connected", _("Connected sign-ins"), "learn"),
    Place("/notifications", _("Notifications"), "learn"),
    Place("/account/notifications", _("What you are notified of"), "learn"),
    Place("/account/privacy", _("Privacy: consents, export, erasure"), "learn"),
    Place("/teach", _("Runs that you teach"), "teach"),
    Place("/audit", _("Find a learner, an order, a request or a fact"), "audit"),
    Place("/analyze", _("Read models"), "analyze"),
    Place("/analyze/facts", _("Catalog of facts"), "analyze"),
    Place("/analyze/jobs", _("Jobs of read models"), "analyze"),
    Place("/analyze/parked", _("Parked keys"), "audit"),
    Place("/admin", _("How the campus is"), "admin"),
    Place("/admin/people", _("People and roles"), "admin"),
    Place("/admin/orders", _("Orders and refunds"), "admin"),
    Place("/admin/ledger", _("Ledger and reconciliation"), "admin"),
    Place("/admin/jobs", _("Jobs and reactions that have failed"), "admin"),
    Place("/admin/deliveries", _("What has become of notifications"), "admin"),
    Place("/admin/settings", _("Settings and announcements"), "admin"),
    Place("/admin/audit", _("What the staff have done"), "admin"),
    Place("/signin", _("Sign in"), "visitors"),
    Place("/register", _("Register"), "visitors"),
    Place("/forgotten", _("Forgotten password"), "visitors"),
)
Finder = Callable[[Page, str], Awaitable[list[Found]]]


@pages.get("/search", visitors=True)
async def search_page(page: Page) -> Response:
    """What was found, as a page, or as the list alone for the dialog (`part`)."""
    text = " ".join(page.query.get("q", "").split())[:LONGEST]
    groups, is_whole = await _all(page, text) if text else (_places_only(page), True)
    if page.query.get("part"):
        return page.part("search-results.html", text=text, groups=groups, is_whole=is_whole)
    return page.html("search.html", text=text, groups=groups, is_whole=is_whole)


async def _all(page: Page, text: str) -> tuple[list[Group], bool]:
    finders = [(name, finder) for desk, name, finder in FINDERS if not desk or desk in page.desks]
    found = await asyncio.gather(*(_tried(finder, page, text) for _name, finder in finders))
    groups = [
        Group(page.say(name), items[:MOST]) for (name, _finder), items in zip(finders, found, strict=True) if items
    ]
    return groups, None not in found


async def _tried(finder: Finder, page: Page, text: str) -> list[Found] | None:
    """What was found; None where that part of the campus does not answer."""
    try:
        return await finder(page, text)
    except Problem as problem:
        logger.warning("search.part_left_out", code=problem.code)
        return None


def _places_only(page: Page) -> list[Group]:
    return [Group(page.say(_("Pages")), [Found(each.address, page.say(each.name)) for each in _open_to(page)])]


def _open_to(page: Page) -> Iterable[Place]:
    desks = {"", *(page.desks or ("visitors",))}
    return (each for each in PLACES if each.desk in desks)


async def _places(page: Page, text: str) -> list[Found]:
    named = ((each.address, page.say(each.name)) for each in _open_to(page))
    return [Found(address, name) for address, name in named if fits(text, name, address)]


async def _courses(page: Page, text: str) -> list[Found]:
    found = await page.api.read("/v1/public/courses", q=text, limit=MOST)
    return [Found(f"/courses/{each['course_id']}", each["title"], each["course_id"]) for each in found["items"]]


async def _own_runs(page: Page, text: str) -> list[Found]:
    """Runs of one's own, and units of those that go on."""
    runs = (await page.api.read("/v1/me/runs"))["items"]
    found = [
        Found(f"/learn/runs/{run['run_id']}", run["title"], run["run_id"])
        for run in runs
        if fits(text, run["title"], run["run_id"])
    ]
    active = [run for run in runs if run["status"] == "active"][:RUNS_OPENED]
    players = await asyncio.gather(*(page.api.read("/v1/me/runs/{}/player", run["run_id"]) for run in active))
    for player in players:
        address = f"/learn/runs/{player['run_id']}/units/"
        units = (unit for section in player["sections"] for unit in section["units"])
        found += [
            Found(f"{address}{unit['unit_id']}", unit["title"], player["title"])
            for unit in units
            if fits(text, unit["title"])
        ]
    return found


async def _posts(page: Page, text: str) -> list[Found]:
    """Posts of the forum, wherever the reader may read; what was posted in the last moment is not waited for."""
    try:
        found = await page.api.get("/v1/me/forum/search", q=text, limit=MOST)
    except Problem as problem:
        if problem.code == NO_KEYS:
            return []
        raise
    posts = ((place_of(each), _plain(each["title"]), _plain(each["excerpt"])) for each in found["items"])
    return [Found(place, title or page.say(_("(removed)")), text[:LONGEST_ABOUT]) for place, title, text in posts]


def _plain(parts: Iterable[dict[str, Any]]) -> str:
    return "".join(part["text"] for part in parts)


async def _own_orders(page: Page, text: str) -> list[Found]:
    orders = (await page.api.read("/v1/me/purchases"))["orders"]
    named = ((order["order_id"], ", ".join(line["title"] for line in order["lines"])) for order in orders)
    return [Found(f"/learn/orders/{name}", lines, name) for name, lines in named if fits(text, lines, name)]


async def _taught(page: Page, text: str) -> list[Found]:
    runs = await runs_taught(page, text)
    return [
        Found(f"/teach/runs/{run['run_id']}", run["title"], run["run_id"])
        for run in runs
        if fits(text, run["title"], run["run_id"], run["course_id"])
    ]


async def _learners(page: Page, text: str) -> list[Found]:
    """
    Learners of the latest runs that are taught, by name or id.

    To look at names is recorded (decisions/0385): the dialog, which asks with each key, has only the way to the page.
    """
    if len(text) < SHORTEST_NAME:
        return []
    if page.query.get("part"):
        address = f"/search?{urlencode({'q': text})}"
        return [
            Found(address, page.say(_("Learners called %(name)s"), name=text), page.say(_("on the runs you teach")))
        ]
    runs = (await runs_taught(page, ""))[:MOST]
    return [each for found in await asyncio.gather(*(_of_run(page, run, text) for run in runs)) for each in found]


async def _of_run(page: Page, run: dict[str, Any], text: str) -> list[Found]:
    """Learners of a run by name; for who sees ids only, by how the id begins."""
    run_id = run["run_id"]
    address = f"/teach/runs/{run_id}/roster?{urlencode({'q': text})}"
    try:
        found = await page.api.get("/v1/runs/{}/names", run_id, q=text[:LONGEST_ID], limit=MOST)
    except Problem as problem:
        if problem.status != FORBIDDEN:
            raise
        if not is_id(text):
            return []
        found = await page.api.read("/v1/runs/{}/learners", run_id, q=text, limit=MOST)
    return [Found(address, each.get("name") or each["learner_id"], run["title"]) for each in found["items"]]


async def _of_auditors(page: Page, text: str) -> list[Found]:
    """The ways to what has this id; whether there is such a thing is asked there, with a reason where one is needed."""
    if text.isascii() and text.isdigit():
        return [Found(f"/audit/facts/{text}", text, page.say(_("the fact at this position")))]
    if not is_id(text):
        return []
    kinds = {"learners": _("the learner with this id"), "orders": _("the order"), "requests": _("the request")}
    return [Found(f"/audit/{path}/{quote(text)}", text, page.say(about)) for path, about in kinds.items()]


async def _read_models(page: Page, text: str) -> list[Found]:
    found = await page.api.get("/v1/projections")
    names = sorted({each["name"] for each in found["items"]})
    return [Found(f"/analyze/projections/{name}", name) for name in names if fits(text, name)]


async def _facts(page: Page, text: str) -> list[Found]:
    """Types of facts, which are those of the code; who may see the read models sees them."""
    if not page.may("listProjections"):
        return []
    return [
        Found(f"/analyze/facts/{each.name}", each.name, each.about)
        for each in map(described, FACTS)
        if fits(text, each.name, *(field.name for field in each.fields))
    ]


async def _of_admins(page: Page, text: str) -> list[Found]:
    """The ways to an account and an order with this id."""
    if not is_id(text):
        return []
    account, order = page.say(_("the account with this id")), page.say(_("the order"))
    return [Found(f"/admin/people/{quote(text)}", text, account), Found(f"/admin/orders/{quote(text)}", text, order)]


def fits(text: str, *names: str) -> bool:
    """Whether each word of what is looked for is in a name."""
    whole = " ".join(names).casefold()
    return all(word in whole for word in text.casefold().split())


def is_id(text: str) -> bool:
    """Whether it may be an id, or the begin of one."""
    return len(text) <= LONGEST_ID and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


FINDERS: Final[tuple[tuple[str, str, Finder], ...]] = (
    ("", _("Pages"), _places),
    ("learn", _("Your courses"), _own_runs),
    ("", _("Courses"), _courses),
    ("learn", _("Forum"), _posts),
    ("learn", _("Your orders"), _own_orders),
    ("teach", _("Runs that you teach"), _taught),
    ("teach", _("Learners"), _learners),
    ("analyze", _("Read models"), _read_models),
    ("analyze", _("Types of facts"), _facts),
    ("audit", _("To be audited"), _of_auditors),
    ("admin", _("To be administered"), _of_admins),
)
"""For which desk, what the things are called, and how they are found."""
