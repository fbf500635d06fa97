"""Use cases of clients."""

from datetime import timedelta

import pytest

from commands.clients import AddCredential, EndClient, RegisterClient, RemoveCredential
from domain.clients import BadClientId, Client
from tests.support.given import fact
from tests.support.usecases import AT, Campus

ID, DAY, WHY = "service-reports", timedelta(days=1), "asked for by IT"
STREAM = f"client-{ID}"


async def test_a_client_from_its_registration_to_its_end(campus: Campus) -> None:
    """Each step is a fact, with its reason; done twice it changes nothing, where that means the same."""
    register = RegisterClient(ID, "Reports", ("read",), WHY)
    registered = fact(Client.Registered, name="Reports", scopes=["read"], reason=WHY)
    assert await campus.new(register) == [(STREAM, registered)]
    assert await campus.repeats(register)
    add = AddCredential(ID, "c1", None, DAY, WHY)
    terms = {
        "kind": "secret",
        "public_key": None,
        "until": (AT + DAY).isoformat().replace("+00:00", "Z"),
        "reason": WHY,
    }
    assert await campus.new(add) == [(STREAM, fact(Client.CredentialAdded, credential_id="c1", **terms))]
    assert await campus.repeats(add)
    removed = fact(Client.CredentialRemoved, credential_id="c1", reason=WHY)
    assert await campus.new(RemoveCredential(ID, "c1", WHY)) == [(STREAM, removed)]
    assert await campus.new(EndClient(ID, WHY)) == [(STREAM, fact(Client.Ended, reason=WHY))]
    assert await campus.repeats(EndClient(ID, WHY))
    with pytest.raises(BadClientId):
        await campus.new(RegisterClient("ada", "Reports", ("read",), WHY))
