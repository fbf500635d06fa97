"""
One try of a reaction, and the note about it: nothing that was refused or has failed is lost from sight.

A refusal that can pass is tried again when a fact is added to the stream that it waits for (`DomainError.lifted_by`),
and with growing pauses. A programming error is tried again with growing pauses, and after a deploy. Every try carries
the same command id, so a reaction is carried out once.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import structlog

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import Connection, PostgresError, Unavailable, is_about_data
from adapters.postgres.log.append import VersionConflict
from adapters.postgres.log.decoding import sentence_of
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops import failed_reactions
from adapters.postgres.ops.failed_reactions import FAILED, FailedReaction, Note
from domain.errors import DomainError
from domain.fact import Fact
from projections.engine.rows import Unreadable
from workers.reacting import metrics
from workers.reacting.code_version import code_version
from workers.reactions import REACTIONS, Reaction
from workers.reactions.reaction import context_of, named

BY_NAME = {reaction.name: reaction for reactions in REACTIONS.values() for reaction in reactions}

logger = structlog.get_logger()


class Refusal(NamedTuple):
    """Why a try did not succeed; `waits_for` is the stream whose next fact may lift it."""

    code: str
    sentence: str
    can_pass: bool
    waits_for: str | None = None


class Attempts:
    """
    Tries reactions and writes down what came of it.

    Args:
        connection: the one that holds the reactor's lock.
        known: the failed reactions to facts that the reactor has not passed yet: it was interrupted among them.
        life: the life of the log to which *connection* leads; what follows from a fact is done in no other one.
    """

    def __init__(
        self, log: PostgresLog, connection: Connection, known: Iterable[FailedReaction], life: str = ""
    ) -> None:
        self._log = log
        self._life = life
        self._bus = Bus(log)
        self._connection = connection
        self._known = {(each.position, each.reaction): each for each in known}

    async def first(self, fact: Fact, reaction: Reaction) -> None:
        """React to a fact that the reactor comes upon."""
        known = self._known.get((fact.position, reaction.name))
        if known is not None and not _is_about(known, fact):
            await failed_reactions.forget(self._connection, known)
            known = None
        if known is not None and known.state == "dismissed":
            return
        refusal = await self._carry_out(fact, reaction)
        if refusal is not None:
            await self._note(fact, reaction.name, refusal)
        elif known is not None:
            await failed_reactions.done(self._connection, fact.position, reaction.name)

    async def again(self, failed: FailedReaction) -> None:
        """Try a failed reaction again."""
        refusal = await self._retry(failed)
        if refusal is not None:
            await self._note(failed, failed.reaction, refusal)

    async def _retry(self, failed: FailedReaction) -> Refusal | None:
        """Why it did not succeed; None if it is settled now."""
        reaction = BY_NAME.get(failed.reaction)
        if reaction is None:
            return Refusal(FAILED, f"this code has no reaction {failed.reaction}", can_pass=True)
        found = await self._log.read(failed.position - 1, 1, REACTIONS)
        if not found or not _is_about(failed, found[0]):
            why = f"the log has another fact at position {failed.position} than the one that was reacted to"
            await failed_reactions.void(self._connection, failed.position, failed.reaction, why)
            return None
        refusal = await self._carry_out(found[0], reaction)
        if refusal is None:
            logger.info("reactor.carried_out_late", position=failed.position, reaction=failed.reaction)
            await failed_reactions.done(self._connection, failed.position, failed.reaction)
        return refusal

    async def _carry_out(self, fact: Fact, reaction: Reaction) -> Refusal | None:
        """
        Carry out what follows from a fact; returns why not.

        Raises:
            PostgresError, Unavailable, VersionConflict: not the reaction's fault, and everything is to be done again.
        """
        if isinstance(fact, Unreadable):
            logger.error("reactor.unreadable", position=fact.position, reaction=reaction.name, error=fact.error)
            return Refusal(FAILED, sentence_of(fact), can_pass=True)
        try:
            outcome = reaction.command(fact)
            if outcome is None:
                return None
            if isinstance(outcome, list):
                await self._each(fact, reaction, outcome)
            else:
                await self._bus.handle(outcome, context_of(fact, reaction, self._life))
        except (PostgresError, Unavailable, VersionConflict) as error:
            if not is_about_data(error):
                raise
            return _failure(error, fact.position, reaction.name)
        except DomainError as error:
            if not isinstance(error, reaction.accepts):
                return Refusal(error.code, error.sentence, error.can_pass, error.waits_for)
        except Exception as error:  # noqa: BLE001 - whatever a reaction may do wrong: it is logged, noted, tried again
            return _failure(error, fact.position, reaction.name)
        metrics.DONE.labels(reaction.name).inc()
        return None

    async def _each(self, fact: Fact, reaction: Reaction, commands: list[Any]) -> None:
        """Carry out each of several commands; a refusal is raised after the last, one that can pass before others."""
        refused: list[DomainError] = []
        for command in commands:
            try:
                await self._bus.handle(command, context_of(fact, reaction, self._life, named(reaction.name, command)))
            except DomainError as error:
                refused.append(error)
        if refused:
            raise next((each for each in refused if each.can_pass), refused[0])

    async def _note(self, of: Fact | FailedReaction, reaction: str, refusal: Refusal) -> None:
        metrics.REFUSED.labels(reaction).inc()
        await failed_reactions.note(
            self._connection,
            Note(
                position=of.position,
                reaction=reaction,
                event_id=of.meta.event_id if isinstance(of, Fact) else of.event_id,
                type=of.type,
                stream_id=of.stream_id,
                key=of.key,
                code=refusal.code,
                sentence=refusal.sentence,
                waits_for=refusal.waits_for,
                can_pass=refusal.can_pass,
                code_version=code_version(),
            ),
        )


def _is_about(failed: FailedReaction, fact: Fact) -> bool:
    """Whether *failed* is a reaction to *fact*, and not to another fact that the log had at this position."""
    return not failed.event_id or failed.event_id == fact.meta.event_id


def _failure(error: Exception, position: int, reaction: str) -> Refusal:
    logger.error("reactor.failed", position=position, reaction=reaction, exc_info=error)
    return Refusal(FAILED, f"{type(error).__name__}: {error}", can_pass=True)
