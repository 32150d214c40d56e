"""The report of the week by mail: Mondays at 7:00 where the reader is, once, of the week before.

Where it comes later it says the same, but for what is owed by then. Whoever holds leads answers
from the mail. Nothing comes where there is nothing to report, nor to who came only this week.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, func

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.capture.finding import path_to_bring
from portal.core.config import Settings
from portal.core.db import AnyRow, session
from portal.core.jobs import sweep
from portal.core.mail import pictures
from portal.core.mail.rendering import moment
from portal.core.mail.replies import Reply
from portal.hearing.calendar import Due, Mailing, each_week, list_due, take_turn
from portal.hearing.operations import REPORT
from portal.hearing.queries import wants_report
from portal.inbound import handing
from portal.notifications import letters, reply_addresses
from portal.notifications.digest import hint_of_many
from portal.notifications.letters import Letter
from portal.offers.queries import teaser_titles
from portal.pickup.models import Pickup
from portal.pickup.queries import can_hand_on
from portal.reports import words
from portal.reports.charts import Chart, charts_of
from portal.reports.developments import read_developments
from portal.reports.drawing import colours, draw
from portal.reports.queries import Figures, list_owed, read
from portal.reports.rules import A_WEEK, Period, week_of
from portal.reports.slices import Slice, Whose, slice_of, slices_of
from portal.web.assets import mail_tokens
from portal.web.filters import percent


def wanted(monday: Due) -> ColumnElement[bool]:
    """Return the condition of people who want the report, and were here before a Monday."""
    return and_(wants_report(), func.timezone(User.timezone, User.created_at) < monday)


WEEKLY = Mailing(User.report_told_on, each_week, wanted, lapses=True)


@sweep("reports.tell_week", partial(list_due, WEEKLY), queue="mail")
def tell_week(user_id: int, at: datetime) -> None:
    """Write the report of last week to a person, once."""
    turn = take_turn(WEEKLY, user_id, at)
    if turn is None:
        return
    week = week_of(turn.due - A_WEEK, ZoneInfo(turn.user.timezone))
    letter = weekly_report(turn.user, turn.actor, week, at)
    if letter is not None:
        letters.post(letter, turn.user, at, f"report:{user_id}:{turn.due.isoformat()}")


def weekly_report(user: User, actor: Actor, week: Period, at: datetime) -> Letter | None:
    """Return the report of a week; None where there is nothing in it."""
    settings: Settings = current_app.config["SETTINGS"]
    reached, reply = reach.read(actor), reply_addresses.for_many()
    read_of = [
        (whole, found)
        for whose in slices_of(actor)
        if not (found := read(whole := slice_of(whose, actor, reached), week, at)).is_empty
    ]
    if not read_of:
        return None
    stop, headers = letters.stopping(REPORT, "weekly", user, at)
    with letters.to(user):
        chapters = [chapter_of(whole, found, week, at) for whole, found in read_of]
        widest = read_of[0][0]
        charts = charts_of(read_developments(widest, week, at), widest)
        owed = {
            row.id: row
            for whole, found in reversed(read_of)
            if whole.whose in ANSWERED and found.owed
            for row in list_owed(whole, at)
        }
        asked = [question_of(row, reply, user, actor, at) for row in owed.values()]
        context = {
            "week": words.period_said(week),
            "chapters": chapters,
            "pictures": [
                {"title": one.title, "alt": one.alt, "cid": cid_of(one, settings)} for one in charts
            ],
            "feedback": asked,
            "reply_hint": hint_of_many(asked, []),
            "path": path_of(read_of[0][0], week),
            "stop_path": stop,
            "finds_path": path_to_bring(actor, at),
        }
    drawings = {cid_of(one, settings): draw(one, MARGIN) for one in charts}
    accent = mail_tokens(settings.accent)["accent"][0]
    return Letter(
        "weekly_report",
        context,
        headers=headers,
        answers=(reply,),
        encloses=pictures.of(drawings, colours(accent)) if drawings else None,
    )


ANSWERED = (Whose.FIRM, Whose.OWN)
"""Of whose leads a reader says how far they are: of her own, and who leads a firm of all its."""
MARGIN = 12.0
"""Around a picture, which is a light card for who reads in the dark, too."""


def cid_of(chart: Chart, settings: Settings) -> str:
    """Return by which name the mail shows a picture that goes along with it."""
    return f"{chart.key}@{settings.mail_domain}"


def path_of(whole: Slice, week: Period) -> str:
    """Return where the same figures stand on the portal."""
    first, last = week.first.isoformat(), week.last.isoformat()
    return f"/reports?whose={whole.whose}&span=own&from={first}&to={last}"


MAILED = (words.Figure.PROCESSED, *words.COUNTS, *words.RATES)


def chapter_of(whole: Slice, found: Figures, week: Period, at: datetime) -> dict[str, Any]:
    """Return what a mail says of a slice: its figures, and what others owe in it."""
    lines = words.lines(MAILED, whole, found, read(whole, week.before, at))
    named = list_owed(whole, at) if found.owed and names_leads(whole) else ()
    titles = teaser_titles([row.lead_id for row in named])
    return {
        "name": words.slice_called(whole.whose),
        "share": percent(found.processed_share),
        "lines": [
            {"name": one.name, "value": one.value, "note": one.note, "before": one.before}
            for one in lines
        ],
        "owed": found.owed,
        "rows": [
            {
                "number": row.number,
                "title": titles.get(row.lead_id, ""),
                "path": f"/leads/{row.lead_id}" if whole.opens else None,
                "due": moment(row.feedback_due_at),
                "whom": f"{row.holder}, {row.firm}",
            }
            for row in named
        ],
        "more": found.owed - len(named),
    }


def names_leads(whole: Slice) -> bool:
    """Tell whether leads of a slice are named as such: not where they are asked of, or resold."""
    return whole.whose not in (*ANSWERED, Whose.RESELLERS)


def question_of(
    row: AnyRow, reply: Reply, user: User, actor: Actor, at: datetime
) -> dict[str, Any]:
    """Return an owed answer with its five buttons; of a colleague's lead, where it is handed on."""
    pickup = session().get_one(Pickup, row.id)
    path = letters.question_path(pickup, user, at)
    title = teaser_titles([row.lead_id]).get(row.lead_id, "")
    due = str(_("due %(when)s", when=moment(row.feedback_due_at)))
    theirs = row.user_id != user.id and can_hand_on(pickup, actor, at)
    return {
        "lead": {"number": row.number, "title": title},
        "state": due if row.user_id == user.id else f"{due} · {row.holder}",
        "answer_rows": letters.answers(path, reply, row.number),
        "hand_on_path": f"{path}?s={handing.DEED.name}" if theirs else None,
    }
