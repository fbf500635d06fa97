"""What the five sample people do on a campus, one after the other: each goes on with what the one before has left."""

import re
from collections.abc import Mapping
from typing import Final

from playwright.async_api import Page, expect

from tests.support.polling import until
from tests.support.stranger import CARD, Stranger

COURSE: Final = "Writing Clearly"
RUN: Final = "WRIT-110-2"
FREE_RUN: Final = "CS-101-1"
ESSAY: Final = f"{RUN}-essay-1"
ADA: Final = "sample-learner"
READ_MODEL: Final = "gradebook"
HAND_IN: Final = "/learn/quizzes/CLIM-150-1-quiz-1/attempts/1/hand-in"
ORDER: Final = "order-databases-sample-learne"
WORDS: Final = "Bread rises because yeast eats sugar and gives off gas, and gluten keeps the gas in."
CHANGED: Final = "one sentence was taken from the notes of the course"
DISPUTE: Final = "appeal: my score was changed"
HIDDEN: Final = ("give consideration to", "make a decision")


async def buys(one: Stranger) -> None:
    """A learner finds a course, orders it with a coupon, and pays."""
    await one.sign_in("learner")
    await one.sees("learner-home", "Courses that go on", "Deadlines")
    await one.follow("Courses")
    await one.reach(one.page.get_by_role("searchbox"))
    await one.page.keyboard.type("writing cleerly")
    await one.page.keyboard.press("Enter")
    await one.sees("learner-catalog", "1 course")
    await one.follow(COURSE)
    run = one.page.locator(".card", has_text="Runs now").last
    await one.type("Coupon", "WELCOME20", run)
    await one.sees("learner-course", "What you learn")
    await one.press("Order now", run)
    await one.sees("learner-order", "Discount (WELCOME20)", "€39.20", "Pay now")
    await one.follow("Pay now")
    for label, text in CARD.items():
        await one.type(label, text)
    await one.press("Pay €39.20")
    await one.follow("To your order on the campus")
    await one.sees("learner-paid", "Your course is open.")
    await one.follow("To my courses")
    await one.sees("learner-begins", COURSE)


async def learns(one: Stranger) -> None:
    """She reads, and takes a quiz."""
    await one.go(f"/learn/runs/{RUN}")
    await one.follow("Begin")
    await one.sees("learner-unit", "Verbs do the work")
    await one.press("Done, go on")
    await one.press("Done, go on")
    await one.follow("To the quiz")
    await one.sees("learner-quiz", "Before you start")
    await one.press("Start the attempt")
    await one.choose(one.page.get_by_role("radio", name="use", exact=True))
    for option in HIDDEN:
        await one.tick(option)
    await one.choose(one.page.get_by_role("radio", name="False"))
    await one.sees("learner-attempt", "All answers are saved.")
    await one.press("Hand in …")
    await one.press("Hand in now")
    await one.sees("learner-review", "3 of 3")


async def writes(one: Stranger) -> None:
    """She goes on, and hands an essay in."""
    await one.go(f"/learn/runs/{RUN}")
    await one.follow("Go on")
    await one.press("Done, go on")
    await one.press("Done, go on")
    await one.follow("To the task")
    await one.press("Start the attempt")
    await one.type("Your text", WORDS)
    await expect(one.page.get_by_text("All answers are saved.")).to_be_visible()
    await one.press("Hand in …")
    await one.press("Hand in now")
    await one.sees("learner-waits", "It waits for its grade")


async def teaches(one: Stranger, learner: Page) -> None:
    """An instructor grades the essay by its rubric, and the learner's page shows it by itself."""
    await one.sign_in("instructor")
    await one.go("/teach")
    await one.sees("instructor-home", "My runs")
    await one.follow(COURSE, one.page.locator(".card", has=one.page.locator(f"[href*='{RUN}']")))
    await one.sees("instructor-run", "How far learners come", "Learners at risk")
    await one.follow("Grading", one.page.get_by_role("navigation", name="Parts of the run"))
    await one.follow("Explain something that you know well to a reader who does not.")
    for criterion in ("Clarity", "Economy", "Order"):
        await one.choose(one.page.get_by_role("group", name=re.compile(criterion)).get_by_role("radio").first)
    await one.type("Words to the learner", "Clear and short. Keep the last sentence.")
    await one.sees("instructor-grade", WORDS)
    await one.press("Grade, and go on")
    await one.sees("instructor-graded", "Nothing waits for you")
    await expect(learner.locator("main")).to_contain_text("Clear and short.")
    await expect(learner.locator("main")).to_contain_text("10 of 10")


async def lets_in(one: Stranger) -> None:
    """She gives a person a place on a run that is not sold."""
    await one.go("/teach")
    await one.enter(one.page.locator(f"a[href$='/{FREE_RUN}/roster']"))
    await one.type("Learner", "sample-analyst", one.page.locator("#enroll"))
    await one.press("Give a place")
    await one.sees("instructor-roster", "sample-analyst")


async def passes(one: Stranger) -> None:
    """The learner reads why the grade is what it is, and has a certificate, which anyone can check."""
    await one.follow("To my grades")
    await one.sees("learner-grades", "Passed with distinction", "100%")
    await one.follow("Certificate", one.page.locator("main"))
    await one.sees("learner-certificate", "This certificate is valid", "Ada Lindqvist")


async def overrides(one: Stranger) -> None:
    """The instructor changes a score in the gradebook, with why."""
    await one.go(f"/teach/runs/{RUN}/gradebook")
    await one.sees("instructor-gradebook", "Explain a thing you know")
    await one.enter(one.page.locator(f"a[href$='{ESSAY}/{ADA}']"))

    async def change() -> None:
        await one.type("New score in percent", "80")
        await one.type("Why", CHANGED)
        await one.sees("instructor-override", "Change the score")
        await one.press("Change the score")

    await one.surely(change, "80%")


async def resolves(one: Stranger) -> None:
    """An auditor finds who has changed a score, when and why, what it did, the proof, and takes a dossier along."""
    await one.sign_in("auditor")
    await one.go("/audit")
    await one.sees("auditor-home", "What do you look into?")
    await one.follow("attempt.grade_overridden")
    await one.sees("auditor-fact", "in the signed log", CHANGED)
    position = one.page.url.rpartition("/")[2]
    await one.go("/audit")
    await one.type("Id", ADA)
    await one.type("Why", DISPUTE)
    await one.press("Look")
    await one.sees("auditor-learner", "The dashboard as it was then")
    await one.go(f"/audit/learners/{ADA}?at={position}&reason=appeal")
    await one.sees("auditor-moment", "attempt.grade_overridden", "sample-instructor")
    await one.press("Make the dossier")
    await one.sees("auditor-dossier", "Download the dossier")


async def rebuilds(one: Stranger) -> None:
    """An analyst builds a read model again beside the one that is served, promotes it, and goes back."""
    await one.sign_in("analyst")
    await one.go("/analyze")
    await one.sees("analyst-home", "Read models and the campus")
    await one.follow(READ_MODEL, one.page.locator("main"))
    await one.sees("analyst-read-model", "Generations", "Rebuild")
    await one.type("Why", "the rule has changed", one.page.locator("#rebuild"))
    await one.press("Rebuild")
    await _ends(one)
    await one.sees("analyst-job", "How far it is")
    await one.follow("To the read model")

    async def promote() -> None:
        await one.type("Why", "compared, and it is right", one.page.locator("#promote"))
        await one.sees("analyst-promote", "Readers go from generation")
        await one.press("Promote")

    await one.surely(promote, "How far it is")
    await _ends(one)
    await one.follow("To the read model")

    async def roll_back() -> None:
        await one.type("Why", "to see that one can", one.page.locator("#rollback"))
        await one.sees("analyst-promoted", "Readers go back from generation")
        await one.press("Roll back")

    await one.surely(roll_back, "How far it is")
    await _ends(one)


async def _ends(one: Stranger) -> None:
    """Wait until the page of a job says by itself that it is done."""
    await one.page.wait_for_url("**/jobs/*")
    await expect(one.page.locator("#stop")).to_have_count(0)
    await expect(one.page.locator("#progress")).to_contain_text("finished")


async def refunds(one: Stranger) -> None:
    """An admin gives money back, and sees that facts, books and provider agree."""
    await one.sign_in("admin")
    await one.go("/admin")
    await one.sees("admin-home", "Processes and servers")
    await one.follow("Orders", one.page.get_by_role("navigation", name="Parts of the desk"))
    await one.type("Learner", ADA)
    await one.press("Show")
    await one.sees("admin-orders", COURSE)
    await one.follow("Databases from the Ground Up", one.page.locator("main"))

    async def refund() -> None:
        await one.tick("Refund: Databases from the Ground Up")
        await one.type("Why the money goes back", "she has taken another course")
        await one.press("Refund what is ticked")

    await one.surely(refund, "The money is on its way back")
    await one.sees("admin-refunded", "paid back")
    await one.follow("Money")
    await one.sees("admin-money", "Balances of the ledger")
    await _agree(one)
    await one.go("/admin/people")
    await one.sees("admin-people", "Find a person by the address")


async def _agree(one: Stranger) -> None:
    """Look at the page until the next comparison was made, which finds nothing."""

    async def found() -> bool:
        await one.page.reload()
        return "They agree" in await one.page.locator("#reconciliation").inner_text()

    await until(found)
    await one.sees("admin-reconciled", "They agree")


async def all_of_it(people: Mapping[str, Stranger]) -> dict[str, list[str]]:
    """The whole walk, by role; by role as well, addresses that no link leads to afterwards."""
    ada, ines, omar = people["learner"], people["instructor"], people["auditor"]
    await buys(ada)
    await learns(ada)
    await writes(ada)
    await teaches(ines, ada.page)
    await lets_in(ines)
    await passes(ada)
    await overrides(ines)
    await resolves(omar)
    await rebuilds(people["analyst"])
    await refunds(people["admin"])
    return {"learner": [HAND_IN], "auditor": [omar.page.url.removeprefix(omar.url), f"/audit/orders/{ORDER}"]}
