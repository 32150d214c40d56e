"""Chromium for tests: one browser per test process, a window for each person.

Here: how windows are opened, signed in and watched. What is asked of pages stands in the tests.
"""

from __future__ import annotations

import os
import re
import shutil

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from portal.accounts.operations import open_session
from portal.core import clock
from portal.core.db import unit_of_work
from tests.live import cookie_for

# the one without windows first: it takes a third of the time
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESK = 360, 1440
# a journey's partners have a phone in their hand, its vendor's people sit at a desk; `make soak`
# walks it the other way round too (THOROUGH=1)
PLACES = [(PHONE, DESK), *([(DESK, PHONE)] if os.environ.get("THOROUGH") else [])]
PATIENCE = 20_000
# refusals have their status, and a preview that is overtaken by the next is called off
DELIBERATE = re.compile(r"status of (409|422) |^htmx:(sendAbort|afterRequest), ")
WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@pytest.fixture(scope="session")
def chromium():
    """Return Chromium; the run fails where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.exit("There is no Chromium here: install it (Debian: apt install chromium).", 2)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


class Windows:
    """The windows of one test, and everything that they complained about."""

    def __init__(self, chromium):
        self.chromium, self.contexts = chromium, []
        self.complaints: list[str] = []
        self.forgiven = [DELIBERATE]

    def open(self, live, user=None, *, width=PHONE, script=True, **over) -> Page:
        """Open a window, of a person already signed in or of nobody."""
        phone = width < 600
        context = self.chromium.new_context(
            base_url=live.url,
            viewport={"width": width, "height": 760 if phone else 900},
            has_touch=phone,
            is_mobile=phone,
            java_script_enabled=script,
            **{"locale": "en-GB", "timezone_id": "Europe/Berlin", **over},
        )
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if script:
            context.add_init_script(WATCH)
        if user is not None:
            enter(context, live, user)
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and self.note(page, said.text))
        page.on("pageerror", lambda error: self.note(page, str(error)))
        return page

    def note(self, page, text):
        """Keep a complaint, unless it was meant."""
        if not any(known.search(text) for known in self.forgiven):
            self.complaints.append(f"{page.url}: {text}")

    def close(self):
        """Close all windows."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()


def enter(context, live, user):
    """Give the window the cookie of a person who signed in."""
    with live.app.app_context(), unit_of_work():
        secret = open_session(user.id, clock.now())
    name, _equals, value = cookie_for(live.app, secret)[0].partition("=")
    context.add_cookies([{"name": name, "value": value, "url": live.url}])


@pytest.fixture
def windows(chromium):
    """Return what opens windows; nothing that they complained about is overlooked."""
    made = Windows(chromium)
    yield made
    made.close()
    assert not made.complaints, "\n".join(made.complaints)
