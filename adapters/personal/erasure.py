"""Erasure: what is destroyed beside the log when a person is to be forgotten; the facts stay, and name no one."""

from adapters.auth.api_tokens import ApiTokens
from adapters.auth.changes import AccessChanges
from adapters.auth.factors import Factors
from adapters.auth.identities import Identities
from adapters.auth.passwords import Passwords
from adapters.auth.provider_sessions import ProviderSessions
from adapters.auth.sessions import Sessions
from adapters.personal.addresses import Addresses
from adapters.postgres.log.postgres_log import PostgresLog


async def forget(log: PostgresLog, learner_id: str) -> None:
    """Destroy the key of a person, and forget what proves who it is; a second time changes nothing."""
    await log.keys.destroy(learner_id)
    await Addresses(log.link, log.keys).forget(learner_id)
    await Passwords(log.link).forget(learner_id)
    await Factors(log.link, log.keys).forget(learner_id)
    await Identities(log.link, log.keys).forget(learner_id)
    await ProviderSessions(log.link, log.keys).forget(learner_id)
    changes = AccessChanges(log.link)
    await ApiTokens(log.link, log.clock, changes).forget(learner_id)
    await Sessions(log.link, log.clock, changes).forget(learner_id)
