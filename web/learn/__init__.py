"""The desk of a learner."""

from web.learn import attempt, certificates, grades, home, player, quiz
from web.routing import Pages

pages = Pages(
    home.pages,
    player.pages,
    quiz.pages,
    attempt.pages,
    grades.pages,
    certificates.pages,
)
