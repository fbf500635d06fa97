"""
A circuit breaker: an instance that has failed again and again is not asked for a while, and then by one request.

Times are seconds of one clock, which only goes forward.
"""

FAILURES = 3  # in a row that open the circuit
FIRST_REST, LONGEST_REST = 1.0, 15.0  # seconds that it stays open, doubled while the trial fails


class Circuit:
    """The circuit of one instance."""

    def __init__(self) -> None:
        self._failures = 0
        self._rest = FIRST_REST
        self._open_until = 0.0
        self._on_trial = False

    def is_closed(self, now: float) -> bool:
        """Whether the instance may be asked; after the rest one request at a time may, as a trial."""
        return self._failures < FAILURES or (now >= self._open_until and not self._on_trial)

    def asked(self, now: float) -> None:
        """A request goes to the instance."""
        self._on_trial = self._failures >= FAILURES and now >= self._open_until

    def succeeded(self) -> None:
        """The instance has answered."""
        self._failures, self._rest, self._on_trial = 0, FIRST_REST, False

    def failed(self, now: float) -> None:
        """The instance could not be reached, or broke off."""
        self._failures += 1
        if self._failures == FAILURES:
            self._open_until = now + self._rest
        elif self._on_trial:
            self._rest = min(2 * self._rest, LONGEST_REST)
            self._open_until = now + self._rest
        self._on_trial = False
