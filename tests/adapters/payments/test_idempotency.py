"""Idempotency keys: one effect, whatever happens to the answers."""

import threading

import pytest
import stripe

from tests.adapters.payments.test_intents import pay
from tests.support.paysim import Paysim, Server
from tests.support.polling import wait_until


def test_the_same_request_gets_the_recorded_answer(paysim: Paysim) -> None:
    """A decline is recorded too: it is not tried again under the same key."""
    made = [paysim.api.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"}) for _ in range(2)]
    assert made[0].id == made[1].id
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            paysim.api.payment_intents.create(
                {"amount": 500, "currency": "eur", "payment_method": "pm_card_chargeDeclined", "confirm": True,
                 "return_url": "https://x.example"}, {"idempotency_key": "declined"},
            )  # fmt: skip
    assert len(paysim.api.charges.list().data) == 1


def test_another_body_under_the_same_key_is_refused(paysim: Paysim) -> None:
    """400 `idempotency_error`, and nothing happens."""
    paysim.api.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        paysim.api.customers.create({"email": "b@example.org"}, {"idempotency_key": "k"})
    assert refused.value.http_status == 400
    assert len(paysim.api.customers.list().data) == 1


def test_a_refused_request_does_not_use_up_its_key(paysim: Paysim) -> None:
    """Only what has begun is recorded: a wrong parameter can be mended under the same key."""
    with pytest.raises(stripe.InvalidRequestError):
        paysim.api.payment_intents.create({"amount": 1, "currency": "eur"}, {"idempotency_key": "k"})
    assert paysim.api.payment_intents.create({"amount": 500, "currency": "eur"}, {"idempotency_key": "k"}).amount == 500


@pytest.mark.parametrize(("forgotten", "made_of"), [(90_000, 2), (3_600, 1)])
def test_a_key_is_forgotten_after_a_day(paysim: Paysim, forgotten: int, made_of: int) -> None:
    """A client that repeats a charge later than that has to look first; the test clock does not make keys older."""
    made = []
    for _ in range(2):
        made.append(paysim.api.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"}).id)
        paysim.advance(hours=25)
        paysim.sim.store.rows.execute("UPDATE answers SET at = at - ?", (forgotten,))
    assert len(set(made)) == made_of


def test_a_charge_whose_answer_was_dropped_is_found_under_its_key(paysim: Paysim) -> None:
    """The fault `drop_answer`: charged once, whatever the client sees."""
    paysim.control("faults", {"next": {"drop_answer": 1}})
    request = {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    request["return_url"] = "https://x.example"
    with pytest.raises(stripe.APIConnectionError):
        paysim.api.payment_intents.create(request, {"idempotency_key": "k"})
    again = paysim.api.payment_intents.create(request, {"idempotency_key": "k"})
    assert again.status == "succeeded"
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert len(paysim.api.charges.list().data) == 1


def test_a_failure_of_the_server_leaves_nothing(paysim: Paysim) -> None:
    """The fault `error_500`: not carried out."""
    paysim.control("faults", {"next": {"error_500": 1}})
    with pytest.raises(stripe.APIError):
        pay(paysim, "pm_card_visa")
    assert paysim.api.charges.list().data == []
    assert pay(paysim, "pm_card_visa").status == "succeeded"


@pytest.mark.parametrize(("fault", "made_of"), [("error_500", 0), ("broken_500", 1)])
def test_a_failure_of_the_server_is_kept_under_the_key(paysim: Paysim, fault: str, made_of: int) -> None:
    """Whether it was carried out or not: the same key gets the same failure, another one does it."""
    paysim.control("faults", {"next": {fault: 1}})
    for replayed in (None, "true"):
        with pytest.raises(stripe.APIError) as failed:
            paysim.api.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"})
        assert dict(failed.value.headers or {}).get("idempotent-replayed") == replayed
    assert len(paysim.api.customers.list().data) == made_of
    paysim.api.customers.create({"email": "a@example.org"}, {"idempotency_key": "k.2"})
    assert len(paysim.api.customers.list().data) == made_of + 1


@pytest.mark.processes
def test_a_key_in_use_is_refused(server: Server) -> None:
    """409 while the first request with it goes on."""
    server.control("faults", {"latency": 1.0})
    codes: list[int] = []

    def create() -> None:
        try:
            made = server.api.customers.create({"email": "a@example.org"}, {"idempotency_key": "in use"})
            codes.append(made.last_response.code)
        except stripe.APIError as error:
            codes.append(error.http_status or 0)

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(codes) == 2)
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, 409]


@pytest.mark.processes
def test_nothing_answers_while_paysim_is_down(server: Server) -> None:
    """The fault `down`: a client sees a connection that breaks, and nothing is done."""
    server.control("faults", {"down": True})
    with pytest.raises(stripe.APIConnectionError):
        server.api.customers.create({"email": "down@example.org"})
    server.control("faults", {"down": False})
    assert server.api.customers.list({"email": "down@example.org"}).data == []
