"""The desk of a learner."""

from web.learn import attempt, certificates, grades, home, quiz
from web.routing import Pages

pages = Pages(home.pages, quiz.pages, attempt.pages, grades.pages, certificates.pages)
