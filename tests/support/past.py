"""Answers that are kept as they are given, to be compared later with what is answered as of then."""

from collections.abc import Sequence
from typing import Any

import httpx
from fastapi import FastAPI

from tests.support.api import Campus
from tests.support.polling import until


class Past:
    """What was answered as long as the log ended at a position."""

    def __init__(self, app: FastAPI, campus: Campus, places: Sequence[str]) -> None:
        self._log, self._campus, self._places = app.state.services.log, campus, places
        self.answers: dict[tuple[str, int], httpx.Response] = {}

    async def look(self) -> None:
        """Keep what is answered now, once it is true for the head of the log."""
        for place in self._places:
            path = filled(place, self._campus)

            async def is_there(path: str = path) -> bool:
                head = await self._log.head()
                answer = await asked(self._campus, path)
                is_true = answer.status_code == 200 and answer.headers["campus-position"] == str(head)
                if is_true and head == await self._log.head():
                    self.answers[path, head] = answer
                return (path, head) in self.answers

            await until(is_there)


def filled(place: str, campus: Campus) -> str:
    """The path of a place on this campus."""
    product = f"p-{campus.tag}"
    names = {"learner": campus.learner, "run": campus.run, "course": campus.course, "quiz": campus.quiz}
    return place.format(**names, product=product)


async def asked(campus: Campus, path: str, **parameters: Any) -> httpx.Response:
    """The answer to a query with parameters in its path and further ones."""
    plain, _, query = path.partition("?")
    return await campus.get(plain, **dict(pair.split("=") for pair in query.split("&") if pair), **parameters)
