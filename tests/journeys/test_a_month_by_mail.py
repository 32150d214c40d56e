"""A rep's whole month from the mailbox: she has no password, and never signs in.

The clock is moved. What she does is an answer to a mail, or a press on a page behind a mail's
link; what comes of it is looked at where the vendor looks.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from flask import current_app
from openpyxl import load_workbook
from sqlalchemy import func, select

from portal.accounts.models import User, UserSession
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.mail import enclosures, transport
from portal.core.mail.models import OutgoingEmail
from portal.hearing.models import NoticeRound
from portal.inbound import parsing
from portal.leads.models import Lead
from tests.factories import (
    AT,
    CONTACT,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)
from tests.inbound.pressing import Forms, change, get, text_of, waited
from tests.inbound.replying import DOMAIN, SERVER, come_in, newest, take_apart_here, written
from tests.sheets.house import HEAD, put

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SWEEPS = (
    *("offers.open_rings", "offers.end_rounds", "pickup.mark_debts", "escalation.take_steps"),
    *("sheets.send", "reports.tell_week"),
)
SEVEN = AT.replace(hour=6, minute=1)
"""A minute past seven in the morning, where she is."""
FRIDAY = "5"


class Month:
    """The mailbox of a person who has nothing else, on a clock that is moved."""

    def __init__(self, app, person):
        self.app, self.person, self.at = app, person, AT
        self.browser, self.opened = app.test_client(), []

    def go(self, at):
        """Let time pass, and the worker do what is due."""
        self.at = at
        self.work()

    def work(self):
        with self.app.app_context():
            # the sender of notices looks every minute
            minute = timedelta(minutes=1)
            session().merge(NoticeRound(id=1, ran_at=self.at - minute, catching_up_until=None))
            for name in SWEEPS:
                jobs.run_now(name, at=self.at)
            for _round in range(2):
                jobs.run_now("core.dispatch", {"here": True}, self.at)
                jobs.run_now("notifications.send_notices", {}, self.at)
            session().commit()

    @factory
    def mails(self, *kinds):
        """Return her mails, the oldest first."""
        query = select(OutgoingEmail).where(OutgoingEmail.user_id == self.person.id)
        query = query.where(OutgoingEmail.kind.in_(kinds)) if kinds else query
        return session().scalars(query.order_by(OutgoingEmail.id)).all()

    def newest(self, kind):
        return self.mails(kind)[-1]

    def answer(self, mail, body, *files):
        """Answer a mail, as her mail program and the vendor's mail server hand it on."""
        made = written(mail, body, self.person.email)
        for name, kind, data in files:
            main, _slash, sub = kind.partition("/")
            made.add_attachment(data, maintype=main, subtype=sub, filename=name)
        self.at += timedelta(minutes=1)
        message = factory(come_in)(made, mail, self.at)
        self.work()
        return message.state

    def press(self, path, action, status=None, **typed):
        """Open a link of a mail, and press a button of its page."""
        page = self.browser.get(path)
        self.opened.append((path, page.status_code))
        fields = waited(self.app, Forms(page.text).for_(action, status))
        if status:
            fields["status"] = status
        done = self.browser.post(path.partition("?")[0], data={**fields, **typed})
        self.work()
        return text_of(done.text)


@pytest.fixture
def house(app, monkeypatch):
    settings = replace(app.config["SETTINGS"], authserv_id=SERVER)
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    monkeypatch.setattr(parsing, "take_apart", take_apart_here)
    return app


def link(mail, choice=None):
    """Return the path of a link in a mail, by what it preselects."""
    wanted = rf"/m/[\w-]{{43}}\?s={choice}\b" if choice else r"/m/[\w-]{43}(?![\w?-])"
    return re.findall(wanted, mail.text)[0]


def fill(workbook, lead, **cells):
    """Return her sheet with the row of a lead filled in."""
    book = load_workbook(io.BytesIO(workbook))
    numbers = [[cell.value for cell in row] for row in book["Leads"].iter_rows(min_row=HEAD + 1)]
    (row,) = (place for place, cells in enumerate(numbers) if lead.number in cells)
    put(book["Leads"], row, **cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@factory
def sessions_of(person):
    return session().scalar(select(func.count()).where(UserSession.user_id == person.id))


@factory
def stands(lead):
    found = session().get_one(Lead, lead.id)
    return found.state, found.holder_id


def test_a_rep_who_never_signs_in_works_a_month_from_her_mailbox(house, monkeypatch):
    firm = make_partner("Alpha Systems", rep_capacity=5, capacity=9)
    alice = make_person(firm, name="Alice Arndt", email="alice@alpha.example")
    change(User, alice.id, password_hash=None)
    mara = make_person(make_vendor(), "channel_manager", email="mara@vendor.example")
    month, vendor = Month(house, alice), house.test_client()
    monkeypatch.setattr(clock, "now", lambda: month.at)

    def offer(title):
        return make_offered_lead(title=title, at=month.at, owner_id=mara.id)

    def seen(lead):
        """Return what the vendor reads on the page of a lead."""
        page = vendor.get(f"/leads/{lead.id}")
        if page.status_code != 200:
            page = sign_in(vendor, mara).get(f"/leads/{lead.id}")
        return text_of(page.text)

    # Monday: at the foot of her first mail she chooses what she hears, and orders her sheet
    first = offer("Cabinets for two plants")
    month.work()
    offered = month.newest("lead_offered")
    wished = {"hears": "at_once", "extent": "teaser", "report": "y", "digest_hour": "8"}
    wished |= {"quiet_from": "20", "quiet_until": "7", "sheet_weekday": FRIDAY}
    assert "From now on you hear as you chose" in month.press(link(offered), "hearing", **wished)
    # she picks up on the page of a link; whom to call is told to her alone
    said = month.press(link(offered, "pick"), "pick")
    assert "It is yours" in said
    assert CONTACT["phone"] not in said
    assert CONTACT["phone"] in month.newest("yours_now").text
    assert "Alice Arndt" in seen(first)

    # Tuesday: no to one by a word, yes to another; the gate wants its answer first, and gets it
    month.go(AT + DAY)
    second, third = offer("Wireless for a clinic"), offer("Racks for a school")
    month.work()
    about = {mail.lead_id: mail for mail in month.mails("lead_offered")}
    assert month.answer(about[second.id], "Not for me, too far away") == "applied"
    assert "too far" in seen(second).lower()
    assert month.answer(about[third.id], "PICK UP") == "refused"
    assert stands(third) == ("offered", None)
    owed = month.newest("reply_back")
    assert f"{third.number} waits for an answer about {first.number}" in owed.text
    assert month.answer(owed, "WAITING") == "applied"
    assert stands(third) == ("held", alice.id)
    assert "Waiting for their answer" in seen(first)
    yours = month.newest("yours_now")
    assert yours.lead_id == third.id

    # Wednesday: first feedback by a button; a question with a plan, which the vendor answers
    month.go(AT + 2 * DAY)
    reported = month.press(link(yours, "waiting"), "feedback", "waiting")
    assert "We recorded: Waiting for their answer" in reported
    plan = ("plan.pdf", "application/pdf", b"%PDF-1.4 x")
    assert month.answer(yours, "May I offer them the small model?", plan) == "applied"
    asked = newest(mara, "commented")
    assert "small model" in asked.text
    page = seen(third)
    assert "May I offer them the small model?" in page
    assert "plan.pdf" in page
    factory(come_in)(written(asked, "Yes, please do.", mara.email), asked, month.at)
    month.work()
    assert "Yes, please do." in month.newest("commented").text

    # Friday: her sheet comes, and goes back filled in
    month.go(SEVEN + 4 * DAY)
    sheet = month.newest("weekly_sheet")
    with house.app_context():
        (file,) = enclosures.make(sheet.encloses, month.at)
    filled = fill(file.content, third, Status="Proposal in progress", Feedback="The offer is out.")
    assert month.answer(sheet, "Here it is.", (file.name, file.content_type, filled)) == "applied"
    assert f"{third.number} · Racks for a school" in month.newest("sheet_report").text
    assert "The offer is out." in seen(third)

    # the next Monday: the report of the week, answered by a lead's number
    month.go(SEVEN + 7 * DAY)
    week = month.newest("weekly_report")
    said = f"{first.number} PROPOSAL\nValue: 12500\nThey compare us with one other."
    assert month.answer(week, said) == "applied"
    page = seen(first)
    assert "Proposal in progress" in page
    assert "Value: 12500 They compare us with one other." in page

    # away from Tuesday to Thursday: not a word, and then whatever still stands
    away = (AT + 8 * DAY).date()
    days = {"starts_on": f"{away}", "ends_on": f"{away + 2 * DAY}"}
    assert "Noted" in month.press(link(week), "away", **days)
    known = len(month.mails())
    month.go(AT + 8 * DAY)
    fourth = offer("Switches for a museum")
    for days in (8, 9, 10):
        month.go(AT + days * DAY + HOUR)
    assert [mail.kind for mail in month.mails()[known:]] == []
    month.go(SEVEN + 11 * DAY + 2 * HOUR)
    assert fourth.number in month.newest("lead_offered").text

    # the fourth week: what is owed stands in the report; won, with its value
    month.go(SEVEN + 21 * DAY)
    last = month.newest("weekly_report")
    assert first.number in last.text
    assert month.answer(last, f"{first.number} WON\nValue of the order: 13000") == "applied"
    assert "We recorded: Won" in month.newest("recorded").text
    assert stands(first) == ("closed", alice.id)
    assert "13,000" in seen(first)

    # she has no password still, and no session; each page she used opened without one
    assert get(User, alice.id).password_hash is None
    assert sessions_of(alice) == 0
    assert month.browser.get_cookie("session") is None
    assert [(path[:3], status) for path, status in month.opened] == [("/m/", 200)] * 4

    # and each mail that she got carries what it has to
    assert {kind: found for kind, found in headers_of(alice) if found != headers_for(kind)} == {}


LISTS = {"digest": "daily", "weekly_report": "weekly", "weekly_sheet": "sheets"}
"""The mails that come by themselves again and again: one click ends them."""


def headers_for(kind):
    """Return what a mail of a kind has to carry."""
    return {
        "From": f"leads@{DOMAIN}",
        "Message-ID": DOMAIN,
        "Auto-Submitted": "auto-replied" if kind == "reply_back" else "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Precedence": None,
        "Reply-To": "fb",
        "List-Id": f"<{LISTS[kind]}.{DOMAIN}>" if kind in LISTS else None,
        "List-Unsubscribe": kind in LISTS,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if kind in LISTS else None,
    }


@factory
def headers_of(person):
    """Return for each mail to a person its kind, and what it carried on its way."""
    rows = select(OutgoingEmail.__table__).where(OutgoingEmail.user_id == person.id)
    found = []
    for row in session().execute(rows):
        _to, raw = transport.written(row, current_app.config["SETTINGS"])
        mail = message_from_bytes(raw, policy=policy.default)
        left = mail["List-Unsubscribe"] or ""
        carries = {name: mail[name] for name in headers_for(row.kind)}
        carries["From"] = mail["From"].addresses[0].addr_spec
        carries["Message-ID"] = mail["Message-ID"].strip("<>").partition("@")[2]
        carries["Reply-To"] = (mail["Reply-To"] or "").partition("+")[0]
        carries["List-Unsubscribe"] = bool(re.fullmatch(r"<https?://[^>]+/m/[\w-]+/stop>", left))
        found.append((row.kind, carries))
    return found
