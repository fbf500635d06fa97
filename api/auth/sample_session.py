"""
A session of a sample person by one click, without a password.

The route exists only where a setting asks for it, which no process takes that other machines reach.
"""

from typing import Literal

from fastapi import Request, Response

from adapters.auth.sample_accounts import SampleAccounts
from adapters.auth.sample_people import SAMPLE_PEOPLE
from api.auth.common import OF_BODY, SIGNED_IN, answer_signed_in
from api.http.dispatch import Body, example
from api.http.openapi import open_query
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.sessions import must_come_from_here

router = strict_router("auth", "/v1/dev")


class WhichPerson(Body):
    """Which of the sample people to be, by the role."""

    model_config = example(person="instructor")

    person: Literal["learner", "instructor", "auditor", "analyst", "admin"]


@router.post("/session", responses=open_query(SIGNED_IN, 409, *OF_BODY))
async def open_sample_session(body: WhichPerson, request: Request, services: ServicesDep) -> Response:
    """
    Be a sample person in this browser, as if the password and the second factor had just been given.

    The account is made if there is none. Asked again, it counts as a step-up. Not there unless `CAMPUS_DEV_LOGIN` is
    set.
    """
    must_come_from_here(request, is_named_by_cookie=False)
    accounts = SampleAccounts(services.people)
    session = await accounts.sign_in(SAMPLE_PEOPLE[body.person], request.scope["request_id"])
    return await answer_signed_in(request, services, session)
