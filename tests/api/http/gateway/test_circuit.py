"""The circuit of an instance: when it opens, and how it closes again."""

from api.http.gateway.circuit import FAILURES, FIRST_REST, LONGEST_REST, Circuit


def opened(at: float = 0.0) -> Circuit:
    """A circuit that has just opened."""
    circuit = Circuit()
    for _ in range(FAILURES):
        assert circuit.is_closed(at)
        circuit.failed(at)
    return circuit


def test_failures_in_a_row_open_it() -> None:
    """An answer in between does not let it."""
    circuit = Circuit()
    for _ in range(5):
        circuit.failed(0)
        circuit.failed(0)
        circuit.succeeded()
    assert circuit.is_closed(0)
    assert not opened().is_closed(FIRST_REST / 2)


def test_after_a_rest_one_request_tries() -> None:
    """And closes it, or opens it for twice as long, up to a limit."""
    circuit, now = opened(), FIRST_REST
    assert circuit.is_closed(now)
    circuit.asked(now)
    assert not circuit.is_closed(now)
    circuit.succeeded()
    assert circuit.is_closed(now)
    circuit, now, rest = opened(), FIRST_REST, FIRST_REST
    for _ in range(10):
        circuit.asked(now)
        circuit.failed(now)
        rest = min(2 * rest, LONGEST_REST)
        assert not circuit.is_closed(now + rest - 0.01)
        now += rest
        assert circuit.is_closed(now)
    assert rest == LONGEST_REST


def test_requests_that_were_under_way_do_not_lengthen_the_rest() -> None:
    """They fail together with the instance."""
    circuit = opened()
    for _ in range(50):
        circuit.failed(0.5)
    assert circuit.is_closed(FIRST_REST)
