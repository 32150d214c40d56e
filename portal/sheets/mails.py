"""Mails about feedback sheets: the sheet of the week, and what became of one that came by mail.

The file goes along but is never kept with the mail: it is made when the mail is sent, of what its
reader may see at that moment. The text names leads by number and, where their type
shows it before pickup, title, as every mail does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import format_date

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.queries import find_actor_of
from portal.capture.finding import path_to_bring
from portal.core import circumstances
from portal.core.config import Settings
from portal.core.db import session
from portal.core.mail import enclosures, links, outbox
from portal.core.mail.enclosures import Enclosure, Facts, NobodyToSendIt
from portal.core.mail.links import Purpose
from portal.core.mail.rendering import speaking
from portal.core.mail.replies import Reply, new_token
from portal.feedback.rules import words_of
from portal.hearing.operations import SHEET
from portal.offers.queries import teaser_titles
from portal.pickup.rules import UNDO_WITHIN
from portal.sheets import contents, files, queries, words
from portal.sheets.queries import InHand
from portal.sheets.reading import MOST_ROWS
from portal.sheets.reports import Report, RowReport, to_mend
from portal.sheets.rules import Fate
from portal.web.filters import local

NAMED = 20
"""So many leads stand in a mail; its file has them all."""
PATH = "/sheet"
STOPS_FOR = timedelta(days=90)


def post_weekly(user: User, actor: Actor, kind: str, at: datetime, dedupe_key: str) -> None:
    """Write the sheet of the week to a person; nothing where nothing is in hand."""
    context = context_of_weekly(user, actor, at)
    if context is None:
        return
    settings: Settings = current_app.config["SETTINGS"]
    headers = {
        "List-Id": f"<sheets.{settings.mail_domain}>",
        "List-Unsubscribe": f"<{settings.public_url}{context['stop_path']}/stop>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    encloses = {"maker": "sheets.weekly", "user_id": user.id, "kind": kind}
    outbox.post(
        "weekly_sheet",
        _recipient(user),
        context,
        at,
        dedupe_key,
        headers=headers,
        encloses=encloses,
        answers=_answers(),
    )


def context_of_weekly(user: User, actor: Actor, at: datetime) -> dict[str, Any] | None:
    """Return what the mail with the sheet of the week says; None where nothing is in hand."""
    found = queries.list_in_hand(actor, MOST_ROWS, firm=contents.of_firm(actor))
    if not found:
        return None
    titles = teaser_titles([one.lead.id for one in found[:NAMED]])
    with speaking(user.locale, user.timezone):
        return {
            "name": user.name,
            "count": len(found),
            "rows": [_line(one, titles, at) for one in found[:NAMED]],
            "more": max(0, len(found) - NAMED),
            "path": PATH,
            "hearing_path": _hearing_path(user, at),
            "finds_path": path_to_bring(actor, at),
            "stop_path": links.issue(Purpose.STOP, user.id, at, topic=SHEET, lasts=STOPS_FOR),
        }


def _answers() -> tuple[Reply, ...]:
    """Return the address at which a sheet comes back."""
    return (Reply(new_token(), SHEET),)


def _line(one: InHand, titles: Mapping[int, str], at: datetime) -> dict[str, Any]:
    due = one.pickup.feedback_due_at
    return {
        "number": one.lead.number,
        "title": titles.get(one.lead.id, ""),
        "temperature": one.lead.temperature,
        "path": f"/leads/{one.lead.id}",
        "said": words_of(one.last.status) if one.last else "",
        "due": format_date(local(due).date(), "long"),
        "owed": one.last is None or due <= at,
    }


def post_report(report: Report, actor: Actor, at: datetime) -> None:
    """Write to a person what became of the sheet that she sent, with what can be undone.

    In the language that is spoken now, which is hers.
    """
    user = session().get_one(User, actor.id)
    context = context_of_report(report, user, at)
    encloses = {"maker": "sheets.mended", "user_id": user.id, "return_id": report.return_id}
    key = f"sheet-report:{report.return_id}"
    enclosed = encloses if context["mended"] else None
    to = _recipient(user)
    outbox.post("sheet_report", to, context, at, key, encloses=enclosed, answers=_answers())


def context_of_report(report: Report, user: User, at: datetime) -> dict[str, Any]:
    """Return what the mail about a sheet says that came back, in the language that is spoken."""
    told = sorted((row for row in report.rows if row.fate != Fate.UNCHANGED), key=_most_pressing)
    titles = teaser_titles([row.lead_id for row in told[:NAMED] if row.lead_id is not None])
    mended = report.return_id is not None and bool(to_mend(report.return_id))
    return {
        "name": user.name,
        "short": words.in_short(report.counts),
        "rows": [_told(row, titles, user, at) for row in told[:NAMED]],
        "more": max(0, len(told) - NAMED),
        "undo_until": at + UNDO_WITHIN,
        "mended": mended,
        "path": f"{PATH}/returns/{report.return_id}",
        "hearing_path": _hearing_path(user, at),
    }


def post_problem(problem: str, digest: bytes, actor: Actor, at: datetime) -> None:
    """Write to a person why the file that she sent could not be read, once for each file."""
    user = session().get_one(User, actor.id)
    context = context_of_problem(problem, user, at)
    key = f"sheet-problem:{user.id}:{digest.hex()}"
    outbox.post("sheet_problem", _recipient(user), context, at, key, answers=_answers())


def context_of_problem(problem: str, user: User, at: datetime) -> dict[str, Any]:
    """Return what the mail about a file says that could not be read."""
    return {
        "name": user.name,
        "problem": problem,
        "path": PATH,
        "hearing_path": _hearing_path(user, at),
    }


def _most_pressing(row: RowReport) -> tuple[int, int]:
    order = (Fate.REFUSED, Fate.CONFLICT, Fate.APPLIED)
    return order.index(row.fate), row.number


def _told(row: RowReport, titles: Mapping[int, str], user: User, at: datetime) -> dict[str, Any]:
    undo = row.feedback_id and links.issue(
        Purpose.UNDO,
        user.id,
        at,
        lead_id=row.lead_id,
        pickup_id=row.pickup_id,
        feedback_id=row.feedback_id,
        topic="feedback",
        lasts=UNDO_WITHIN,
    )
    return {
        "number": row.lead_number,
        "row": row.number,
        "title": titles.get(row.lead_id or 0, ""),
        "fate": row.fate.value,
        "said": row.said,
        "undo_path": undo or None,
    }


def _hearing_path(user: User, at: datetime) -> str:
    return links.issue(Purpose.STOP, user.id, at, topic="hearing")


def _recipient(user: User) -> outbox.Recipient:
    return outbox.Recipient(user.id, user.email, user.name, user.locale, user.timezone)


# -- what goes along --------------------------------------------------------------------------


@enclosures.maker("sheets.weekly")
def make_weekly(facts: Facts, at: datetime) -> Sequence[Enclosure]:
    """Make the sheet of the week, of what is in hand when it is sent."""
    actor = _reader(facts, at)
    with speaking(actor.locale, actor.timezone), circumstances.under(channel="mail"):
        sheet = contents.fill(actor, at, firm=contents.of_firm(actor))
        return [_enclosed(sheet, facts["kind"])]


@enclosures.maker("sheets.mended")
def make_mended(facts: Facts, at: datetime) -> Sequence[Enclosure]:
    """Make the sheet with the rows that were not taken, as far as their leads are still in hand."""
    actor = _reader(facts, at)
    with speaking(actor.locale, actor.timezone), circumstances.under(channel="mail"):
        again = to_mend(queries.get_return(facts["return_id"], actor.id).id)
        return [_enclosed(contents.fill(actor, at, firm=True, again=again), "xlsx")]


def _reader(facts: Facts, at: datetime) -> Actor:
    actor = find_actor_of(facts["user_id"], at)
    if actor is None:
        raise NobodyToSendIt()
    return actor


def _enclosed(sheet: contents.Sheet, kind: str) -> Enclosure:
    return Enclosure(files.name_of(sheet, kind), files.TYPES[kind], files.write(sheet, kind))
