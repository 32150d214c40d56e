"""This morning for who picks up leads, for their managers, and for distributors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.desk import queries
from portal.desk.morning import Counted, Line, Morning, Part, Tile, Today, news
from portal.desk.morning_queries import read_firm_changes, read_in_time, read_won
from portal.desk.overflow import list_overflow
from portal.desk.resellers import Reseller
from portal.offers.cards import Card
from portal.offers.queries import Counts
from portal.pickup.queries import Position
from portal.pickup.rules import OpenPickup
from portal.web.filters import number, percent, when

MOST = 6


def partner_morning(
    actor: Actor,
    today: Today,
    position: Position,
    available: Counts,
    soon: Sequence[Card],
    resellers: Sequence[Reseller] | None,
) -> Morning:
    """Return what somebody sees first who picks up leads, or whose firm does.

    A manager sees what her people owe, a rep her own; the gate's questions stand above it.
    """
    leads_firm = actor.may(Permission.PICKUPS_SEE_FIRM)
    in_hand = [one for one in position.pickups if leads_firm or one.user_id == actor.id]
    owed = [one for one in in_hand if one.owed_since(today.at) is not None]
    due = [one for one in in_hand if today.at < one.feedback_due_at <= today.tonight]
    parts = []
    if leads_firm:
        parts.append(owed_part(owed, today))
    if resellers:
        parts.append(resellers_part(resellers))
    if not actor.is_partner:
        parts.extend(overflow_part(actor, today))
    parts.append(ends_part(due, soon, today))
    parts.append(firm_news(actor, today, of_firm=leads_firm))
    return Morning(
        said=list(said_first(owed, due, soon)),
        tiles=[*figures(actor, today, resellers), *on_offer(available)],
        parts=parts,
    )


def overflow_part(actor: Actor, today: Today) -> Iterator[Part]:
    """Yield what found nobody else and waits for the unit of one of the vendor's people."""
    waiting = [one for one in list_overflow(actor, today.at) if one.may_pick]
    if waiting:
        lines = [
            Line(
                f"{one.number} · {one.title}",
                url_for("desk.lead", lead_id=one.lead_id),
                one.why,
                temperature=one.temperature,
                rated=True,
            )
            for one in waiting[:MOST]
        ]
        more = (_("To the overflow queue"), url_for("overflow.overflow"))
        yield Part("overflow", _("Found nobody else"), lines, "", more)


def said_first(
    owed: Sequence[OpenPickup], due: Sequence[OpenPickup], soon: Sequence[Card]
) -> Iterator[str]:
    """Yield what is to be known before anything else."""
    if owed:
        yield ngettext("%(num)d answer is owed.", "%(num)d answers are owed.", len(owed))
    not_yet = len([one for one in due if one not in owed])
    if not_yet:
        yield ngettext("%(num)d falls due today.", "%(num)d fall due today.", not_yet)
    if soon:
        yield ngettext(
            "%(num)d offer ends within a day.", "%(num)d offers end within a day.", len(soon)
        )


def figures(actor: Actor, today: Today, resellers: Sequence[Reseller] | None) -> Iterator[Tile]:
    """Yield the figure that matters: answers in time, of a rep what she has won."""
    if resellers:
        shared = [one.figures for one in resellers if one.figures is not None]
        open_now = sum(one.open for one in shared)
        yield Tile(
            _("In the hands of your resellers"),
            number(open_now),
            _("as far as they share"),
            url_for("team.resellers"),
        )
    if actor.may(Permission.PICKUPS_SEE_FIRM):
        found = read_in_time([actor.organisation_id], today.at)
        yield Tile(
            _("Answers in time, 90 days"),
            percent(found.share) or "–",
            ngettext("of %(num)d answer", "of %(num)d answers", found.answers),
            url_for("team.team"),
        )
    if actor.may(Permission.PICKUPS_CLAIM):
        won = read_won(actor, today.at)
        yield Tile(
            _("You have won, 90 days"),
            number(won.won),
            ngettext("of %(num)d lead closed", "of %(num)d leads closed", won.closed)
            if won.closed
            else _("nothing closed yet"),
            url_for("desk.mine"),
        )


def on_offer(available: Counts) -> list[Tile]:
    """Return how much is on offer."""
    hot = available.by_temperature.get("hot", 0)
    return [
        Tile(_("Available to your firm"), number(available.total), url=url_for("pickup.available")),
        Tile(_("Of these hot"), number(hot), url=url_for("pickup.available", temperature="hot")),
    ]


def owed_part(owed: Sequence[OpenPickup], today: Today) -> Part:
    """Return who of a firm owes answers, and since when, first who owes longest."""
    by_person: dict[int, list[OpenPickup]] = {}
    for one in sorted(owed, key=lambda one: one.feedback_due_at):
        by_person.setdefault(one.user_id, []).append(one)
    names = queries.person_names(list(by_person))
    lines = [
        Line(
            ngettext(
                "%(name)s owes %(num)d answer",
                "%(name)s owes %(num)d answers",
                len(theirs),
                name=names.get(user_id, ""),
            ),
            url_for("team.team"),
            _("was due %(when)s", when=when(theirs[0].feedback_due_at))
            if theirs[0].feedback_due_at <= today.at
            else _("due %(when)s", when=when(theirs[0].feedback_due_at)),
            late=theirs[0].feedback_due_at <= today.at,
        )
        for user_id, theirs in list(by_person.items())[:MOST]
    ]
    return Part(
        "owed",
        _("Owed in your firm"),
        lines,
        _("Nobody of your firm owes an answer."),
        (_("To the team"), url_for("team.team")),
    )


def resellers_part(resellers: Sequence[Reseller]) -> Part:
    """Return which resellers hold leads, as far as they share, first who is least in time."""
    shared = [one for one in resellers if one.figures is not None and one.figures.open]
    shared.sort(
        key=lambda one: (
            1.0 if one.figures is None or one.figures.in_time is None else one.figures.in_time
        )
    )
    lines = [
        Line(
            one.name,
            url_for("team.resellers"),
            _(
                "%(open)s in hand, answers in time: %(share)s",
                open=number(one.figures.open),
                share=percent(one.figures.in_time) or "–",
            ),
        )
        for one in shared[:MOST]
        if one.figures is not None
    ]
    return Part(
        "resellers",
        _("Your resellers"),
        lines,
        _("None of your resellers holds a lead that it shares with you."),
        (_("All resellers"), url_for("team.resellers")),
    )


def ends_part(due: Sequence[OpenPickup], soon: Sequence[Card], today: Today) -> Part:
    """Return the answers that fall due today and the offers that end within a day."""
    answers = [
        Line(
            f"{one.lead_number} · {one.title}" if one.title else one.lead_number,
            url_for("desk.lead", lead_id=one.lead_id),
            _("answer due %(when)s", when=when(one.feedback_due_at)),
        )
        for one in sorted(due, key=lambda one: one.feedback_due_at)[:MOST]
    ]
    offers = [
        Line(
            card.title,
            url_for("desk.lead", lead_id=card.lead_id),
            _("Ends %(when)s", when=when(card.ends_at)),
            card.temperature,
            rated=True,
        )
        for card in soon
    ]
    return Part(
        "ends",
        _("Ends today"),
        [*answers, *offers],
        _("No answer falls due today, and no offer ends within a day."),
    )


def firm_news(actor: Actor, today: Today, *, of_firm: bool) -> Part:
    """Return what has changed since yesterday for a rep, or for the firm of a manager."""
    found = read_firm_changes(actor, today.yesterday, today.at, of_firm=of_firm)
    hands = url_for("team.team") if of_firm else url_for("desk.mine")
    counted: list[Counted] = [
        (
            found.offered,
            lambda num: ngettext("%(num)d new lead on offer", "%(num)d new leads on offer", num),
            url_for("pickup.available", sort="newest"),
        ),
        (
            found.picked,
            lambda num: ngettext("%(num)d lead picked up", "%(num)d leads picked up", num),
            hands,
        ),
        (
            found.answered,
            lambda num: ngettext(
                "Answer given on %(num)d lead", "Answers given on %(num)d leads", num
            ),
            hands,
        ),
        (
            found.won,
            lambda num: ngettext("%(num)d lead won", "%(num)d leads won", num),
            hands,
        ),
        (
            found.gone,
            lambda num: ngettext("%(num)d lead taken back", "%(num)d leads taken back", num),
            hands,
        ),
    ]
    return news(counted, today)
