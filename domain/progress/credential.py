"""Ids of credentials, by which they are found without an account."""

from domain.aggregate import Aggregate, event, stream_id


def credential_stream(credential_id: str) -> str:
    return stream_id("issued_credential", credential_id)


class IssuedCredential(Aggregate):
    """Whose credential an id is, so that it is found by the id alone; recorded along with it."""

    category = "issued_credential"
    ids = ("credential_id",)
    mentions_learner = True

    class Registered(Aggregate.Event):
        TOPIC = "issued_credential.registered"
        learner_id: str
        run_id: str

    def initial_state(self) -> None:
        self.learner_id = ""
        self.run_id = ""

    def register(self, learner_id: str, run_id: str) -> None:
        """Say whose it is, once."""
        if not self.exists:
            self._registered(learner_id=learner_id, run_id=run_id)

    @event(Registered)
    def _registered(self, learner_id: str, run_id: str) -> None:
        self.learner_id, self.run_id = learner_id, run_id
