"""The desk of a learner."""

from web.learn import attempt, catalog, certificates, forum, forums, grades, home, moderation, orders, player, quiz
from web.routing import Pages

pages = Pages(
    home.pages,
    catalog.pages,
    orders.pages,
    player.pages,
    quiz.pages,
    attempt.pages,
    grades.pages,
    forum.pages,
    forums.pages,
    moderation.pages,
    certificates.pages,
)
