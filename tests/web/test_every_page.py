"""
Every page of the sample campus that is reached by links, as everyone: it is there, valid, light, in one language, and
shows nothing that people have written as markup.
"""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import pytest
from fastapi import FastAPI

from adapters.settings import Settings
from api.http.csv_text import CSV, FORMULA
from tests.conftest import migrated
from tests.support.api import workers
from tests.support.crawl import ORIGIN, Crawler, Seen
from tests.support.marked_campus import OTHER_RUN, ROLES, RUN, fill, grant_assistant, is_folded, signed_in, talk
from tests.support.page_policy import ROLES_OF, claims, differences, needed, recorded, sent
from tests.support.roles import as_process
from tests.support.servers import Servers
from tests.support.typed import RAW as IS_TYPED
from tests.support.typed import Typed, all_typed
from tests.support.untranslated import bracketed, left_in_one_language
from web.app import PAGES, build
from web.links import MOVED
from web.page import HEADERS
from workers.seeding.sample import seed_sample

pytestmark = pytest.mark.slow
LARGEST_PAGE, LARGEST_LOAD = 50_000, 150_000  # bytes, compressed
VISITOR = "visitor"
IN_GERMAN = (VISITOR, "learner", "admin")
"""As whom the pages are looked through in the other language: together they see all desks."""
OF_ONE_RUN = ("instructor", "assistant")
"""Roles that hold on some runs only."""
ENDS_SESSIONS = ("/signout", "/account/sessions", "/account/password")
DRAWN = re.compile("html|svg")
MARKS_SHOWN = 100
"""So many texts of people are on the pages at least: fewer, and the test would look at nothing."""
FORMS_TYPED = 150
"""So many forms and addresses there are at least."""
NOT_LINKED = frozenset(
    (
        "/confirm", "/styleguide", "/audit/find", "/learn/quizzes/{quiz_id}/attempts/{attempt_no}/hand-in",
        "/audit/learners/{learner_id}/dossiers/{dossier_id}", "/analyze/jobs/{job_id}", "/teach/banks/{bank_id}/new",
        "/welcome", "/recover", "/new-address", "/old-address", "/unsubscribe/{token}", "/signin/code", "/signed-in",
        "/bell", "/forum/{run_id}/{thread_id}", "/messages/{message_id}", "/teach/runs/{run_id}/messages/{message_id}",
        *MOVED,
        "/analyze/projections/{name}/differences", "/analyze/sql/queries/{query_id}",
        "/teach/runs/{run_id}/gradebook/rows", "/teach/runs/{run_id}/quizzes/{quiz_id}/regrades/{regrade_no}",
    )
)  # fmt: skip
"""Pages to which forms or mails lead, or nothing on this campus."""


@dataclass
class Crawled:
    """What everyone was shown."""

    pages: list[Seen] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    files: dict[str, httpx.Response] = field(default_factory=dict)

    def add(self, crawler: Crawler) -> None:
        """What one person was shown."""
        self.pages += crawler.seen
        self.faults += crawler.faults
        self.files |= crawler.files


@asynccontextmanager
async def browsing(settings: Settings) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """The campus served, with its pages."""
    app = build(as_process(settings, "api"))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # each person keeps their own
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=jar) as client:
            yield app, client


async def crawled_by_all(settings: Settings, each: int = 1) -> Crawled:
    """
    All pages as everyone in English; the other language is looked through with its sentences in brackets.

    Args:
        each: so many pages of a kind.
    """
    await grant_assistant(settings)
    await talk(settings)
    await is_folded(settings)
    tokens = {VISITOR: ""} | {role: await signed_in(settings, learner_id) for role, learner_id in ROLES.items()}
    found = Crawled()
    async with browsing(settings) as (app, client):
        for role, token in tokens.items():
            crawler = Crawler(app, client, role, token, each=each)
            await crawler.go("/")
            found.add(crawler)
        with bracketed():
            for role in IN_GERMAN:
                crawler = Crawler(app, client, role, tokens[role], "de", each=each)
                await crawler.go("/")
                found.add(crawler)
    return found


def listed(found: Mapping[str, Sequence[str]]) -> str:
    """What is wrong, a line for each, with the first page that has it and how many do."""
    pages: dict[str, list[str]] = {}
    for page, faults in found.items():
        for fault in faults:
            pages.setdefault(fault, []).append(page)
    return "\n".join(f"{fault}: {where[0]} and {len(where) - 1} more" for fault, where in pages.items())


@pytest.fixture(scope="module")
def marked(servers: Servers) -> Iterator[Settings]:
    """The sample campus, small, with marks in all that people have written; its workers run."""
    settings = migrated(servers)
    fill(settings)
    with workers(settings):
        yield settings


@pytest.fixture(scope="module")
def crawled(marked: Settings) -> Crawled:
    """What everyone was shown."""
    return asyncio.run(crawled_by_all(marked))


def test_every_link_leads_somewhere(crawled: Crawled) -> None:
    """Links, forms, pictures, scripts and files; to nothing that is refused to who is shown the link."""
    assert not crawled.faults, "\n".join(crawled.faults)


def test_every_page_is_reached_by_links(crawled: Crawled) -> None:
    """But for those to which forms lead; a page that none leads to would not be looked at."""
    reached = {each.kind.partition("?")[0] for each in crawled.pages} | {*crawled.files}
    pages = {route.path for each in PAGES for route in each.routes if "GET" in (route.methods or ())}
    assert pages - reached - NOT_LINKED == set()


def test_every_page_is_valid(crawled: Crawled) -> None:
    """By html5lib and the rules of tests/support/markup.py; nothing that was written by people has become markup."""
    assert not (found := listed({str(page): page.markup.faults for page in crawled.pages})), found


def test_nothing_that_people_write_is_markup(crawled: Crawled) -> None:
    """Neither on the pages nor in what the API draws, and the marks are there to be seen."""
    drawn = [each for each in crawled.files.values() if DRAWN.search(each.headers["content-type"])]
    written = [each.text for each in (*(page.answer for page in crawled.pages), *drawn)]
    assert not any("<i canary" in text for text in written)
    assert len({mark for text in written for mark in text.split("&lt;i canary")[1:]}) > MARKS_SHOWN


def test_every_page_has_the_headers_of_pages(crawled: Crawled) -> None:
    """Its policy allows no script and no style but those of the campus; it is compressed, and kept by no cache."""
    for page in crawled.pages:
        headers = page.answer.headers
        assert {name: headers.get(name) for name in HEADERS} == HEADERS, str(page)
        assert headers["content-encoding"] == "gzip", str(page)
        assert "cookie" in headers["vary"], str(page)


def test_every_page_is_light(crawled: Crawled) -> None:
    """As it is sent, alone, and with all that it loads at first."""
    sizes_of = {path: each.num_bytes_downloaded for path, each in crawled.files.items() if path.startswith("/static/")}
    for page in crawled.pages:
        loaded = {address.partition("#")[0] for address in page.markup.loaded} & sizes_of.keys()
        sizes = [sizes_of[each] for each in loaded]
        assert page.size <= LARGEST_PAGE, str(page)
        assert page.size + sum(sizes) <= LARGEST_LOAD, str(page)
        assert len(sizes) >= 5, str(page)


def test_every_page_is_known_by_its_title(crawled: Crawled) -> None:
    """Pages of two kinds are called the same nowhere."""
    kinds: dict[tuple[str, str], set[str]] = {}
    for page in crawled.pages:
        kinds.setdefault((page.language, page.markup.title), set()).add(page.kind.partition("?")[0])
    assert {title: found for title, found in kinds.items() if len(found) > 1} == {}


def test_every_page_is_in_the_language_of_its_reader(crawled: Crawled) -> None:
    """It says so, and nothing on it was not looked up."""
    for page in crawled.pages:
        assert page.markup.root.get("lang") == page.language, str(page)
    german = [page for page in crawled.pages if page.language == "de"]
    assert not (left := listed({str(page): [*left_in_one_language(page.markup)] for page in german})), left


def test_every_page_leads_back(crawled: Crawled) -> None:
    """To a page above it, or it is a part of a desk beside others."""
    for page in crawled.pages:
        path = page.address.partition("?")[0]
        above = {path.rsplit("/", number)[0] for number in range(1, path.count("/"))}
        links = {address.partition("?")[0].partition("#")[0] for address in page.markup.addresses}
        assert path.count("/") < 2 or above & links, str(page)


def test_no_file_for_spreadsheets_calculates(crawled: Crawled) -> None:
    """A cell that begins as a formula does is text."""
    files = [each.text for each in crawled.files.values() if each.headers["content-type"].startswith(CSV)]
    cells = [cell for text in files for row in csv.reader(io.StringIO(text)) for cell in row]
    assert cells
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []


async def asked_as_everyone(settings: Settings) -> list[str]:
    """Where a page answered otherwise than the policy says, each with who asked."""
    wrong: list[str] = []
    people = {VISITOR: None} | {role: claims(learner_id, ROLES_OF[role]) for role, learner_id in ROLES.items()}
    async with browsing(settings) as (app, client):
        with recorded(app) as asked:
            for role, user in people.items():
                token = ""
                for method, path, needs in needed(PAGES):
                    for run_id in (RUN, OTHER_RUN) if "{run_id}" in path and role in OF_ONE_RUN else (RUN,):
                        if user is not None and (not token or path.startswith(ENDS_SESSIONS)):
                            token = await signed_in(settings, user.subject)
                        asked.clear()
                        answer = await sent(client, method, path, run_id, token)
                        case = f"{method} {path} in {run_id} as {role}: {answer.status_code}"
                        wrong += [f"{case}, {each}" for each in differences(answer, asked, needs, user, run_id)]
                        token = "" if "set-cookie" in answer.headers else token
    return wrong


def test_every_page_is_as_open_as_the_policy_says(marked: Settings, crawled: Crawled) -> None:
    """To everyone, each way: what the API refuses is no page, and what it allows is one."""
    assert crawled.pages
    assert not (wrong := asyncio.run(asked_as_everyone(marked))), "\n".join(wrong)


def is_saved(answer: httpx.Response) -> bool:
    """Whether it is a file that a browser saves, and does not draw."""
    headers = answer.headers
    is_file = headers.get("content-disposition", "").startswith("attachment")
    return is_file and headers["x-content-type-options"] == "nosniff" and not DRAWN.search(headers["content-type"])


async def typed_as_everyone(settings: Settings, crawled: Crawled) -> tuple[int, list[str]]:
    """How much was typed, and where an answer was an error or had it as markup."""
    sent, wrong = 0, []
    async with browsing(settings) as (app, client):
        for role in (VISITOR, *ROLES):
            pages = [each for each in crawled.pages if (each.role, each.language) == (role, "en")]
            for each in all_typed(app, pages):
                token = await signed_in(settings, ROLES[role]) if role in ROLES else ""
                answers = [await each.send(client, token)]
                if answers[0].status_code == 303 and answers[0].headers["location"].startswith("/"):
                    answers.append(await Typed("GET", answers[0].headers["location"], {}).send(client, token))
                case = f"{each.method} {each.address} as {role}"
                wrong += [f"{case}: {one.status_code}" for one in answers if one.status_code >= 500]
                wrong += [f"{case}: markup" for one in answers if IS_TYPED.search(one.text) and not is_saved(one)]
                sent += 1
    return sent, wrong


def test_nothing_that_is_typed_becomes_markup(marked: Settings, crawled: Crawled) -> None:
    """Into forms, names of files and addresses: what is refused is shown again as it was typed, and is no error."""
    sent, wrong = asyncio.run(typed_as_everyone(marked, crawled))
    assert not wrong, "\n".join(wrong)
    assert sent > FORMS_TYPED


def test_the_whole_sample_campus_is_in_order(servers: Servers) -> None:
    """As it is printed for strangers, without marks: many pages of each kind, their links and their markup."""
    settings = migrated(servers)
    asyncio.run(seed_sample(settings))
    with workers(settings):
        found = asyncio.run(crawled_by_all(settings, each=6))
    assert not found.faults, "\n".join(found.faults)
    assert not (faults := listed({str(page): page.markup.faults for page in found.pages})), faults
    assert [str(page) for page in found.pages if page.size > LARGEST_PAGE] == []
    assert len(found.pages) > 500
