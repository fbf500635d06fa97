"""Every mail in every language as a mail program draws it; `CAMPUSLOG_PICTURES` keeps pictures, to be looked at."""

import pytest
from playwright.async_api import Browser

from adapters.mail.inbox import Inbox
from adapters.mail.smtp import Post
from adapters.settings import Settings
from tests.adapters.mail.test_previews import ALL, mail_of
from tests.support.browser import pictured

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_mails_are_looked_at(settings: Settings, browser: Browser) -> None:
    """As they have arrived in the development inbox: in narrow and in wide windows nothing is cut off."""
    inbox = Inbox()
    async with inbox.listening(0) as port:
        post = Post(settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"}))
        for name, language in ALL:
            await post.send(mail_of(name, language))
    page = await browser.new_page(java_script_enabled=True)
    try:
        for (name, language), mail in zip(ALL, reversed(inbox.mails), strict=True):
            await page.set_content(mail.html)
            assert await page.title() == mail.subject
            await pictured(page, f"mail-{name}-{language}")
    finally:
        await page.close()
