"""Words that hold in the forum of every run."""

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.teach.forms import Form

pages = Pages()
LISTS = ("flag", "refuse")


@pages.get("/admin/forum-words")
async def words_page(page: Page) -> Response:
    """The two lists."""
    return await _shown(page, Form(page, {}))


@pages.post("/admin/forum-words")
async def set_words(page: Page) -> Response:
    """Set one of them; the API refuses who may not, and what is no list."""
    form = Form(page, await page.form())
    words = [each.strip() for each in form[form["do"]].splitlines() if each.strip()]
    try:
        answer = await page.api.send("/v1/forum-words", body={"action": form["do"], "words": words}, key=form["key"])
    except Problem as problem:
        form.refused(problem)
        return await _shown(page, form)
    return page.go("/admin/forum-words", answer, page.say("The list is set."))


async def _shown(page: Page, form: Form) -> Response:
    words = await page.api.read("/v1/forum-words")
    form.fields = {name: "\n".join(words[name]) for name in LISTS} | dict(form.fields)
    return page.html("admin/forum-words.html", form.status, form=form, position=words.position)
