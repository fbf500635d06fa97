"""The desk of admins: people and roles, money, work that has failed, settings, what the staff have done."""

from web.admin import courses, deliveries, forum_words, home, money, people, running, staff, workers
from web.routing import Pages

pages = Pages(
    home.pages,
    people.pages,
    courses.pages,
    money.pages,
    running.pages,
    workers.pages,
    deliveries.pages,
    forum_words.pages,
    staff.pages,
)
