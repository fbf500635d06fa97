"""The desk of admins: people and roles, money, work that has failed, settings, what the staff have done."""

from web.admin import home, money, people, running, staff
from web.routing import Pages

pages = Pages(home.pages, people.pages, money.pages, running.pages, staff.pages)
