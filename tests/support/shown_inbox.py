"""The inbox of a person over HTTP, once it has what a test waits for."""

from typing import Any

from tests.support.api import Campus
from tests.support.polling import until


async def inbox_once(campus: Campus, learner_id: str, *templates: str) -> list[dict[str, Any]]:
    """What a person is notified of, the latest first, once all of these templates are among it; those alone."""
    found: list[list[dict[str, Any]]] = []

    async def is_there() -> bool:
        answer = await campus.get("/me/notifications", user=learner_id)
        if answer.status_code != 200:
            return False
        found.append([each for each in answer.json()["items"] if each["template"] in templates])
        return {each["template"] for each in found[-1]} == set(templates)

    await until(is_there)
    return found[-1]
