"""This morning for the vendor's people: managers, who qualifies, operations, administrators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.core.db import AnyRow
from portal.desk import board, neglected, overdue, queries
from portal.desk.lead_filters import Asking
from portal.desk.morning import Counted, Line, Morning, Part, Tile, Today, news
from portal.desk.morning_queries import (
    list_call_backs,
    list_ending,
    read_changes,
    read_hand_overs,
    read_house,
    read_in_time,
    read_qualifying,
)
from portal.desk.neglected import Counts, Wanted, Why
from portal.desk.neglected_words import LATE, WORDS
from portal.leads import hand_over
from portal.web.filters import ago, day, number, percent, when

MOST = 6


def managing_morning(asking: Asking, today: Today) -> Morning:
    """Return what somebody sees first who answers for leads: what sits, what ends, what changed."""
    actor = asking.actor
    sits = neglected.count(Wanted(), asking)
    ends = list_ending(asking.visible, today.tonight, MOST)
    closing = overdue.count_expected(asking.today, asking)
    parts = [sits_part(sits)]
    if actor.may(Permission.TEAMS_LEAD):
        parts.append(owners_part(asking))
    parts += [ends_part(ends, closing, asking), leads_news(asking, today)]
    return Morning(
        said=list(said_first(sits, ends, closing)),
        tiles=list(managing_tiles(asking, sits)),
        parts=parts,
    )


def said_first(sits: Counts, ends: Sequence[AnyRow], closing: int) -> Iterator[str]:
    """Yield what is to be known before anything else."""
    if sits.total:
        yield ngettext("%(num)d lead sits.", "%(num)d leads sit.", sits.total)
    if ends:
        yield ngettext("%(num)d offer ends today.", "%(num)d offers end today.", ends[0].count)
    if closing:
        yield ngettext(
            "%(num)d lead is to be closed today.", "%(num)d leads are to be closed today.", closing
        )


def managing_tiles(asking: Asking, sits: Counts) -> Iterator[Tile]:
    """Yield the figure that matters to the role, and where the leads are."""
    actor, at = asking.actor, asking.at
    if actor.may(Permission.TEAMS_LEAD):
        found = read_in_time(reach.read_firms(actor, asking.reached), at)
        yield Tile(
            _("Answers in time, 90 days"),
            percent(found.share) or "–",
            ngettext("of %(num)d answer", "of %(num)d answers", found.answers),
        )
    else:
        first = board.figures(actor, at, asking.reached)[0]
        yield Tile(first["label"], first["value"], first["note"])
    columns = queries.count_columns(actor, at, asking.reached)
    for key, label, late in (
        ("to_qualify", _("To qualify"), False),
        ("ready", _("Ready to offer"), False),
        ("overdue", _("Overdue"), columns["overdue"] > 0),
    ):
        yield Tile(label, number(columns[key]), url=url_for("desk.column", key=key), late=late)


def sits_part(sits: Counts) -> Part:
    """Return why leads sit, and how many for each reason."""
    lines = [
        Line(
            str(WORDS[why]),
            url_for("neglected.board", why=why),
            ngettext("%(num)d lead", "%(num)d leads", sits.by_why[why]),
            late=why in LATE,
        )
        for why in Why
        if sits.by_why.get(why)
    ]
    return Part(
        "sits",
        _("What sits"),
        lines,
        _("Nothing sits: everybody you answer for is in time."),
        (_("See what sits"), url_for("neglected.board")),
    )


def owners_part(asking: Asking) -> Part:
    """Return with whom of a team how much sits, first with whom most does."""
    lines = [
        Line(
            row.name,
            url_for("neglected.board", owner=row.id),
            ngettext("%(num)d lead sits", "%(num)d leads sit", row.sits),
        )
        for row in neglected.count_by_owner(asking)[:MOST]
    ]
    return Part("owners", _("With whom it sits"), lines, _("Nothing sits with anybody of yours."))


def ends_part(ends: Sequence[AnyRow], closing: int, asking: Asking) -> Part:
    """Return the offers that end today, and how many leads are to be closed today."""
    lines = [
        Line(
            f"{row.number} · {row.title}" if row.title else row.number,
            url_for("desk.lead", lead_id=row.id),
            _("ends %(when)s", when=when(row.ends_at)),
            row.temperature,
            rated=True,
        )
        for row in ends
    ]
    if closing:
        lines.append(
            Line(
                ngettext(
                    "%(num)d lead is to be closed today",
                    "%(num)d leads are to be closed today",
                    closing,
                ),
                url_for("overdue.page", until=asking.today.isoformat()),
            )
        )
    return Part("ends", _("Ends today"), lines, _("No offer ends today."))


def leads_news(asking: Asking, today: Today) -> Part:
    """Return what has changed since yesterday of the leads that somebody sees."""
    found = read_changes(asking.visible, today.yesterday)
    since = (today.yesterday.astimezone(today.zone)).date().isoformat()

    def address(**asked: Any) -> str:
        return url_for("lead_list.leads", **asked)

    counted: list[Counted] = [
        (
            found.came_in,
            lambda num: ngettext("%(num)d inquiry came in", "%(num)d inquiries came in", num),
            address(captured_from=since),
        ),
        (
            found.qualified,
            lambda num: ngettext("%(num)d lead is ready", "%(num)d leads are ready", num),
            address(state="qualified", since_from=since),
        ),
        (
            found.offered,
            lambda num: ngettext("%(num)d lead went on offer", "%(num)d leads went on offer", num),
            address(state="offered", since_from=since),
        ),
        (
            found.picked,
            lambda num: ngettext("%(num)d lead picked up", "%(num)d leads picked up", num),
            address(state="held", since_from=since),
        ),
        (
            found.won,
            lambda num: ngettext("%(num)d lead won", "%(num)d leads won", num),
            address(state="closed", since_from=since),
        ),
        (
            found.lost,
            lambda num: ngettext(
                "%(num)d lead lost or cancelled", "%(num)d leads lost or cancelled", num
            ),
            address(state="closed", since_from=since),
        ),
        (
            found.back,
            lambda num: ngettext("%(num)d lead came back", "%(num)d leads came back", num),
            url_for("desk.column", key="returned"),
        ),
    ]
    return news(counted, today)


# -- who qualifies ----------------------------------------------------------------------------


def qualifying_morning(actor: Actor, today: Today) -> Morning:
    """Return what somebody sees first who qualifies inquiries."""
    found = read_qualifying(actor, today.yesterday, today.at)
    calls = list_call_backs(actor, today.tonight)
    late = [row for row in calls if row.call_back_at <= today.at]
    said = []
    if found.waiting:
        said.append(ngettext("%(num)d inquiry waits.", "%(num)d inquiries wait.", found.waiting))
    if calls:
        said.append(
            ngettext(
                "%(num)d wants to be called back today.",
                "%(num)d want to be called back today.",
                len(calls),
            )
        )
    lines = [
        Line(
            f"{row.number} · {row.title}" if row.title else row.number,
            url_for("qualification.qualify_lead", lead_id=row.id),
            _("call back %(when)s", when=when(row.call_back_at)),
            late=row in late,
        )
        for row in calls[:MOST]
    ]
    if found.mine:
        lines.append(
            Line(
                ngettext(
                    "%(num)d inquiry that you have begun",
                    "%(num)d inquiries that you have begun",
                    found.mine,
                ),
                url_for("qualification.qualify", mine="1"),
            )
        )
    counted: list[Counted] = [
        (
            found.came_in,
            lambda num: ngettext("%(num)d inquiry came in", "%(num)d inquiries came in", num),
            url_for("qualification.qualify", order="newest"),
        ),
        (
            found.picked,
            lambda num: ngettext(
                "%(num)d of yours picked up", "%(num)d of yours picked up by partners", num
            ),
            url_for("qualification.qualify"),
        ),
        (
            found.won,
            lambda num: ngettext("%(num)d of yours won", "%(num)d of yours were won", num),
            url_for("qualification.qualify"),
        ),
    ]
    return Morning(
        said=said,
        tiles=[
            Tile(
                _("You qualified, 7 days"),
                number(found.week),
                _("median from inquiry to ready: %(time)s", time=board.duration(found.hours * 60))
                if found.hours is not None
                else "",
            ),
            Tile(
                _("To qualify"),
                number(found.waiting),
                _("the oldest came %(ago)s", ago=ago(found.oldest)) if found.oldest else "",
                url_for("qualification.qualify"),
            ),
        ],
        parts=[
            Part(
                "calls",
                _("To call back today, and begun"),
                lines,
                _("Nobody waits for your call, and nothing lies half done."),
                (_("Take the next inquiry"), url_for("qualification.qualify")),
            ),
            news(counted, today),
        ],
    )


# -- management -------------------------------------------------------------------------------


def reading_morning(actor: Actor, at: datetime) -> Morning:
    """Return what somebody sees first who reads figures of the programme, and acts on no lead."""
    lines = [
        Line(
            _("Last week: what came in, what was answered, what was won"), url_for("reports.page")
        ),
        Line(_("What became of the leads of each source"), url_for("scoring.sources")),
    ]
    return Morning(
        said=[_("How the programme did in the last 30 days.")],
        tiles=[Tile(**figure) for figure in board.figures(actor, at, None)],
        parts=[Part("figures", _("Figures"), lines, "")],
    )


# -- operations -------------------------------------------------------------------------------


def operations_morning(actor: Actor, today: Today) -> Morning:
    """Return what operations see first: what is with them, what is late, how long it takes."""
    waiting, late = hand_over.count_waiting(actor, today.at)
    asked, done, days = read_hand_overs(today.yesterday, today.at)
    lines = [
        Line(
            f"{row.number} · {row.title}" if row.title else row.number,
            url_for("hand_overs.hand_over", hand_over_id=row.HandOver.id),
            _("due %(day)s", day=day(row.HandOver.due_on)),
            late=hand_over.is_late(row.HandOver.due_on, actor, today.at),
        )
        for row in hand_over.list_waiting(actor, 1).items[:MOST]
    ]
    said = []
    if waiting:
        said = [
            ngettext("%(num)d hand-over is with you.", "%(num)d hand-overs are with you.", waiting),
            ngettext("%(num)d of them is late.", "%(num)d of them are late.", late)
            if late
            else _("None of them is late."),
        ]
    counted: list[Counted] = [
        (
            asked,
            lambda num: ngettext("%(num)d new hand-over", "%(num)d new hand-overs", num),
            url_for("hand_overs.hand_overs"),
        ),
        (
            done,
            lambda num: ngettext("%(num)d handed back", "%(num)d were handed back", num),
            url_for("hand_overs.hand_overs"),
        ),
    ]
    return Morning(
        said=said,
        tiles=[
            Tile(
                _("Median to hand back, 30 days"),
                board.duration(days * 1440) if days is not None else "–",
                _("from being asked"),
            ),
            Tile(
                _("With operations"),
                number(waiting),
                url=url_for("hand_overs.hand_overs"),
                late=late > 0,
            ),
        ],
        parts=[
            Part(
                "hand-overs",
                _("With you"),
                lines,
                _("Nothing waits to be loaded."),
                (_("Hand-overs"), url_for("hand_overs.hand_overs")),
            ),
            news(counted, today),
        ],
    )


# -- administrators ---------------------------------------------------------------------------


def house_morning(actor: Actor, at: datetime) -> Morning:
    """Return what of the house itself waits for who looks after it; its figure is what failed."""
    found = read_house(at)
    counted: list[tuple[Counted, Permission]] = [
        (
            (
                found.jobs,
                lambda num: ngettext("%(num)d job has failed", "%(num)d jobs have failed", num),
                url_for("jobs.jobs"),
            ),
            Permission.JOBS_MANAGE,
        ),
        (
            (
                found.mails,
                lambda num: ngettext(
                    "%(num)d mail did not arrive", "%(num)d mails did not arrive", num
                ),
                url_for("mail_health.mail_health"),
            ),
            Permission.MAILS_MANAGE,
        ),
        (
            (
                found.marked,
                lambda num: ngettext(
                    "Mails to %(num)d address come back, and it gets none any more",
                    "Mails to %(num)d addresses come back, and they get none any more",
                    num,
                ),
                url_for("mail_health.mail_health", _anchor="marked"),
            ),
            Permission.MAILS_MANAGE,
        ),
        (
            (
                found.requests,
                lambda num: ngettext(
                    "%(num)d firm wants to become a partner",
                    "%(num)d firms want to become partners",
                    num,
                ),
                url_for("sign_up.requests"),
            ),
            Permission.PARTNERS_EDIT,
        ),
        (
            (
                found.invited,
                lambda num: ngettext(
                    "%(num)d invitation was not answered for three days",
                    "%(num)d invitations were not answered for three days",
                    num,
                ),
                url_for("people.people"),
            ),
            Permission.PEOPLE_EDIT,
        ),
    ]
    lines = [
        Line(say(count), url, late=needs in (Permission.JOBS_MANAGE, Permission.MAILS_MANAGE))
        for (count, say, url), needs in counted
        if count and actor.may(needs)
    ]
    failed = found.jobs + found.mails
    return Morning(
        said=[ngettext("%(num)d thing has failed.", "%(num)d things have failed.", failed)]
        if failed
        else [],
        tiles=[
            Tile(
                _("Failed in the house"),
                number(failed),
                _("jobs and mails"),
                url_for("jobs.jobs") if found.jobs else url_for("mail_health.mail_health"),
                late=failed > 0,
            )
        ]
        if actor.may(Permission.JOBS_MANAGE)
        else [],
        parts=[Part("house", _("In the house"), lines, _("Nothing has failed, and nobody waits."))],
    )
