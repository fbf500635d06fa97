"""The mailbox of the user: whether mails come back from it, and that they arrive."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Response

from adapters.mail.recipients import recipient_of
from api.http.dispatch import Accepted, Dispatch
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from commands.notification.mailboxes import RequestMailboxConfirmation
from domain.notification import Failure, Mailbox, mailbox_stream
from domain.words import closed

router = strict_router("mailbox", "/v1")


class ShownMailbox(msgspec.Struct, kw_only=True):
    """
    Whether mails of notifications go to the address of the user.

    Attributes:
        failure: `bounced`: mails to the address came back, and none go there; `complained`: the mail server has said
            that the user does not want them, and those that are not required do not go there; null: mails go out.
        status: what the report says: a status of RFC 3463, the reply code of the server, or the type of the complaint.
        since: when it was reported.
        confirmations_left: by how many mails the address may still be asked.
    """

    failure: Annotated[str, closed(Failure)] | None
    status: str | None
    since: datetime | None
    confirmations_left: int


EXAMPLE = ShownMailbox(
    failure="bounced", status="5.1.1", since=datetime.fromisoformat("2026-02-14T18:00:00Z"), confirmations_left=5
)


@router.get("/me/mailbox", responses=query(EXAMPLE))
async def get_my_mailbox(ask: QueryDep) -> Response:
    """Whether mails of notifications go to the address of the user."""
    log = ask.services.log
    position = await log.head()
    recipient = await recipient_of(log, ask.user.subject)
    facts = await log.stream(mailbox_stream(ask.user.subject))
    stops = [each for each in facts if each.type == Mailbox.Suppressed.TOPIC]
    is_stopped = recipient.failure is not None and bool(stops)
    found = ShownMailbox(
        failure=recipient.failure if is_stopped else None,
        status=stops[-1].data["status"] if is_stopped else None,
        since=stops[-1].occurred_at if is_stopped else None,
        confirmations_left=recipient.confirmations_left,
    )
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(found), position)


@router.post("/me/mailbox/confirmation", status_code=202, response_model=Accepted, responses=command(409))
async def confirm_my_mailbox(dispatch: Dispatch) -> Response:
    """Say that mails arrive: the address is asked by a mail with a link, and then mails go there again."""
    return await dispatch(RequestMailboxConfirmation(dispatch.user.subject))
