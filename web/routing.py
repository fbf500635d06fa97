"""
Lists of pages: each module of a desk has one, as each module of the API has a router.

A page that the API refuses something becomes the page of that refusal: signing in for who is not, confirming for what
needs it (proof.py), the page of the course for what needs a draft of it, and else a page that says what is wrong and
what to do.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import quote

import structlog
from fastapi import Request, Response
from starlette.routing import Route

from api.http.errors import INTERNAL, UNAUTHENTICATED
from web.client import OUT_OF_REACH, STEP_UP, Problem, ProofNeeded
from web.page import Page, page_of
from web.proof import after_proof, ask, came_from

logger = structlog.get_logger()
Handler = Callable[[Page], Awaitable[Response]]
NO_DRAFT = "draft_not_found"


class Pages:
    """
    The pages of one module, or of a desk.

    Args:
        parts: the pages of the modules of a desk.
    """

    def __init__(self, *parts: "Pages") -> None:
        self.routes: list[Route] = [route for part in parts for route in part.routes]

    def get(self, path: str, *, visitors: bool = False, whole: bool = True) -> Callable[[Handler], Handler]:
        """
        A page at *path*.

        Args:
            visitors: whether it is for people who have not signed in, too.
            whole: whether it is a page, and not a part of one, or a file.
        """
        return self._add(path, "GET", visitors=visitors, is_whole=whole)

    def post(self, path: str, *, visitors: bool = False) -> Callable[[Handler], Handler]:
        """What a form sends to *path*."""
        return self._add(path, "POST", visitors=visitors, is_whole=False)

    def _add(self, path: str, method: str, *, visitors: bool, is_whole: bool) -> Callable[[Handler], Handler]:
        def added(handler: Handler) -> Handler:
            async def answer(request: Request) -> Response:
                request.scope["route"] = route  # for the metrics and the access log
                page = await page_of(request)
                if page.user is None and not visitors:
                    return _to_sign_in(page)
                act = partial(handled, page, partial(handler, page))
                if is_whole:
                    page.count_unread()
                try:
                    return await (handled(page, partial(after_proof, page, act)) if method == "POST" else act())
                finally:
                    await page.end()

            route = Route(path, answer, methods=[method], name=f"{method} {path}", include_in_schema=False)
            self.routes.append(route)
            return handler

        return added


async def handled(page: Page, act: Callable[[], Awaitable[Response]]) -> Response:
    """What is answered; for what is refused or fails, the page of that."""
    try:
        try:
            response = await act()
        except ProofNeeded:
            response = await ask(page)
        return await page.drawn(response)
    except Problem as problem:
        return await page.drawn(refused(page, problem))
    except Exception:
        logger.exception("page.failed", request_id=page.request.scope["request_id"], path=page.request.url.path)
        return await page.drawn(refused(page, Problem(500, {"code": INTERNAL})))


def refused(page: Page, problem: Problem) -> Response:
    """The page for what the API refuses."""
    if problem.code == UNAUTHENTICATED:
        return _to_sign_in(page)
    if problem.code == STEP_UP and page.request.method == "GET":
        return page.go(f"/confirm?next={quote(page.here)}")
    if problem.code == NO_DRAFT and "course_id" in page.parts:
        return page.go(f"/teach/courses/{page.parts['course_id']}", notice=page.say("Start a draft first."))
    template = {404: "problems/not-found.html", 403: "problems/forbidden.html"}.get(problem.status)
    if problem.code == OUT_OF_REACH:
        template = "problems/not-yet.html"
    response = page.html(template or "problems/problem.html", problem.status, problem=problem, back=came_from(page))
    if problem.retry_after:
        response.headers["retry-after"] = problem.retry_after
    return response


def _to_sign_in(page: Page) -> Response:
    """The way to the page for signing in, and back here if it was not a form."""
    back = page.here if page.request.method == "GET" else ""
    return page.go(f"/signin?next={quote(back)}" if back else "/signin")
