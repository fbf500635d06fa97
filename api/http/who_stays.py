"""Who stays an admin when one loses the role or the account: the commands take the name, and check it."""

from adapters.postgres.queries import roles
from adapters.postgres.queries.reader import NotBuilt
from api.http.services import Services
from domain.roles import ADMIN_OF_CAMPUS


async def who_stays(services: Services, actor: str, learner_id: str) -> str | None:
    """An admin beside this person whose role has no end: the actor, or one whom the read model knows."""
    if actor != learner_id and (await services.grants.of(actor)).get(ADMIN_OF_CAMPUS, ...) is None:
        return actor
    try:
        return await roles.other_admin(services.reader, learner_id)
    except NotBuilt:
        return None
