"""Whatever a person types stays text: on every page, in both parts of every mail, in every export.

Generated from the table of addresses and the kinds of mail, so that new ones are tried unnamed.
"""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from sqlalchemy import text

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.mail import rendering
from portal.leads import activities, notes
from portal.leads.models import Lead
from portal.timeline.rules import Entry
from portal.web.limits import limiter
from tests import world as worlds
from tests.factories import factory, sign_in
from tests.notifications.kinds import KINDS

HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7919}}"
# whatever is typed by somebody, pasted from a file, or said by a browser of itself
TYPED = {
    "absences": ("note",),
    "distribution_rules": ("name",),
    "feedback": ("note", "next_step", "decision_maker"),
    "lead_definitions": ("name",),
    "lead_imports": ("file_name",),
    "leads": (
        *("title", "partner_text", "expectation", "city", "industry_original"),
        *("source_original", "disqualified_original", "external_id"),
    ),
    "offer_dismissals": ("note",),
    "organisations": ("name",),
    "partner_groups": ("name", "note"),
    "partners": ("city", "note"),
    "saved_views": ("name",),
    "sessions": ("user_agent",),
    "units": ("name",),
    "users": ("name", "phone"),
}
NAMED_IN_TWO_LANGUAGES = {
    "catalog_entries": "names",
    "custom_fields": "names",
    "lead_types": "names",
}
READERS = ("alice", "anna", "qualifier", "manager", "admin", None)
PARTS_OF_A_CONTACT = tuple(worlds.canary(0))
WITHOUT_END = {"live.stream"}
# what the house itself puts into a mail: addresses, and words of its own list
NOT_TYPED = {"url", "mailto", "temperature", "colour", "number"}


class Elements(HTMLParser):
    """What a browser would run of a page."""

    def __init__(self, page):
        super().__init__()
        self.run = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            leads_to = name in ("href", "src", "action", "formaction", "hx-get", "hx-post")
            address = (value or "").strip().lower()
            if name.startswith("on") or (leads_to and address.startswith("javascript:")):
                self.run.append(f"<{tag} {name}={value}>")
        named = dict(attrs)
        if named.get("src") == "x" or (tag == "script" and "src" not in named):
            self.run.append(self.get_starttag_text())


def hostile_contact(number):
    """Return contact data that were pasted by somebody who means harm."""
    told = dict.fromkeys(PARTS_OF_A_CONTACT, HOSTILE)
    return {**told, "phone_e164": f"+4951177{number:03}99", "domain": f"x{number}.example"}


@factory
def poison(world):
    """Write the hostile words wherever somebody may have typed."""
    for table, columns in TYPED.items():
        for column in columns:
            # some must differ from row to row
            words = text(f"UPDATE {table} SET {column} = :words || gen_random_uuid()")
            session().execute(words, {"words": HOSTILE})
    session().execute(text("UPDATE partners SET website = 'javascript:alert(3)'"))
    for table, column in NAMED_IN_TWO_LANGUAGES.items():
        names = f"UPDATE {table} SET {column} = jsonb_build_object('en', :words, 'de', :words)"
        session().execute(text(names.replace(":words", "CAST(:words AS text)")), {"words": HOSTILE})
    for table, key in (("lead_fields", "where_to_ring"), ("partners", "their_motto")):
        own = text(f"UPDATE {table} SET custom = jsonb_build_object('{key}', CAST(:words AS text))")
        session().execute(own, {"words": HOSTILE})
    lead = session().get_one(Lead, world.leads["held"])
    alice = get_actor(world.people["alice"].id)
    now = clock.now()
    notes.write_note(lead, HOSTILE, True, alice, now)
    call = Entry("call", HOSTILE, now, shared=True)
    activities.enter(lead, call, done=True, actor=alice, at=now)


@pytest.fixture
def poisoned(app, monkeypatch):
    monkeypatch.setattr(worlds, "canary", hostile_contact)
    world = worlds.make_world()
    poison(world)
    monkeypatch.setattr(limiter, "enabled", False)
    return world


def test_no_page_runs_what_somebody_typed(app, poisoned):
    wrong = []
    for reader in READERS:
        client = app.test_client()
        if reader:
            sign_in(client, poisoned.people[reader])
        pages = dict(read_all(app, client, poisoned))
        wrong += [
            f"{path} as {reader}: {one}"
            for path, page in pages.items()
            for one in [*Elements(page).run, *(["a sum was reckoned"] if ">55433" in page else [])]
        ]
        assert len(pages) > 5
        seen = sum("&lt;script&gt;alert(2)" in page for page in pages.values())
        assert seen >= (2 if reader else 0), f"{reader} sees nothing of what was typed"
    assert not wrong, "\n".join(wrong)


def read_all(app, client, world):
    """Yield path and text of every page; what is no page must be no page to a browser either."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" not in rule.methods or rule.endpoint in WITHOUT_END:
            continue
        answer = client.get(world.address(rule))
        assert answer.status_code < 500, rule.rule
        if answer.mimetype == "text/html":
            yield rule.rule, answer.text
        elif answer.status_code == 200 and b"onerror" in answer.data:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.mimetype in ("text/csv", "application/json", "application/yaml")


def poisoned_value(value, name=""):
    """Return what a mail is made of with every word replaced that somebody may have typed."""
    if isinstance(value, dict):
        return {key: poisoned_value(one, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(poisoned_value(one, name) for one in value)
    ours = name in NOT_TYPED or "path" in name or not isinstance(value, str)
    return value if ours else f"{value} {HOSTILE}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", ["en", "de"])
def test_no_mail_runs_what_somebody_typed(ctx, kind, locale):
    made = rendering.render(kind, poisoned_value(KINDS[kind]), locale, "Europe/Berlin")
    assert Elements(made.html).run == []
    assert "&lt;script&gt;alert(2)" in made.html
    assert "&lt;script" not in made.text, "the plain part says what was typed, as it was typed"
    assert "\n" not in made.subject
