"""The people of the sample campus: invented names, addresses that lead nowhere, ids that say nothing."""

import hashlib
import re
import unicodedata
from typing import NamedTuple

from adapters.auth.sample_people import SAMPLE_PEOPLE

DOMAIN = "campus.example"


class Person(NamedTuple):
    """A person with an account."""

    learner_id: str
    name: str
    email: str
    language: str
    time_zone: str


def _person(name: str, time_zone: str, language: str = "en") -> Person:
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o").replace("ł", "l")).encode("ascii", "ignore").decode()
    local = re.sub(r"[^a-z]+", ".", plain.lower()).strip(".")
    learner_id = hashlib.blake2b(local.encode(), digest_size=10).hexdigest()
    return Person(learner_id, name, f"{local}@{DOMAIN}", language, time_zone)


ZONES = {
    "Europe/Berlin": (
        "Anneliese Vogt", "Tobias Krämer", "Selin Aydin", "Jonas Brandl", "Mirjam Hofer", "Kasia Wrona", "Piotr Zawada",
        "Lucie Marchal", "Théo Garnier", "Giulia Ferrante", "Marco Bellini", "Sanne de Wit", "Lars Holmqvist",
        "Freja Lindahl", "Nikolai Petersen", "Ondřej Maly", "Eszter Balogh", "Ana Kovačević",
    ),
    "Europe/London": ("Imogen Hartley", "Callum Reid", "Priya Raman", "Owen Pritchard", "Siobhan Keane", "Zara Malik"),
    "Africa/Lagos": ("Chidi Okonkwo", "Amara Eze", "Tunde Bakare"),
    "Africa/Nairobi": ("Wanjiru Kamau", "Baraka Otieno"),
    "Africa/Cairo": ("Yasmin Farouk", "Karim Naguib"),
    "Asia/Kolkata": ("Ananya Deshpande", "Rohan Kulkarni", "Meera Iyer", "Arjun Sethi"),
    "Asia/Tokyo": ("Haruka Mori", "Kenji Arakawa"),
    "Asia/Seoul": ("Ji-woo Han", "Min-jun Seo"),
    "Asia/Shanghai": ("Lin Yuxuan", "Zhao Mingyu"),
    "Asia/Ho_Chi_Minh": ("Nguyen Thi Lan",),
    "Asia/Tehran": ("Laleh Moradi",),
    "Asia/Jerusalem": ("Noa Shapira",),
    "America/Sao_Paulo": ("Beatriz Moura", "Rafael Teixeira"),
    "America/Mexico_City": ("Ximena Robles", "Diego Fuentes"),
    "America/New_York": ("Harper Whitfield", "Malik Jefferson", "Tessa Novak"),
    "America/Toronto": ("Étienne Lavoie", "Nadia Haidari"),
    "America/Los_Angeles": ("Skyler Nguyen-Ross", "Mateo Villaseñor"),
    "Australia/Sydney": ("Lachlan Ferris", "Kirra Dawson"),
    "Pacific/Auckland": ("Aroha Tamihana",),
}  # fmt: skip
GERMAN = ("Anneliese Vogt", "Tobias Krämer", "Selin Aydin", "Jonas Brandl", "Mirjam Hofer")

_SAMPLES = {
    role: Person(each.learner_id, each.name, each.email, "en", "Europe/Berlin") for role, each in SAMPLE_PEOPLE.items()
}
ADA, INES, KOFI = _SAMPLES["learner"], _SAMPLES["instructor"], _SAMPLES["admin"]
LEARNERS = (
    ADA,
    *(_person(name, zone, "de" if name in GERMAN else "en") for zone, names in ZONES.items() for name in names),
)
TEACHERS = {
    "sciences": _person("Dr. Ingrid Solheim", "Europe/Oslo"),
    "humanities": _person("Prof. Tariq Aziz Rahman", "Europe/London"),
    "computing": _person("Dr. Chiara Lombardi", "Europe/Rome"),
    "german": _person("Dr. Henrike Auer", "Europe/Vienna", "de"),
}
STAFF = (*(person for role, person in _SAMPLES.items() if role != "learner"), *TEACHERS.values())
EVERYONE = (*LEARNERS, *STAFF)
