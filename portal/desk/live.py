"""What open pages hear of: which event is news, to whom, and the fragments they fetch then.

A stream carries kinds and ids only, and an id goes only to firms that the lead is, or was in its
last round, offered to. What stands behind it each page fetches as its own reader.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import reach
from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_ended_sessions
from portal.core import clock
from portal.core.db import apart
from portal.core.errors import NotFound
from portal.core.events import Event
from portal.desk import queries
from portal.desk.board import board_columns, read_whose
from portal.desk.teams import read_team
from portal.duplicates import events as duplicates
from portal.feedback import events as feedback
from portal.imports import events as imports
from portal.leads import events as leads
from portal.leads.models import Temperature
from portal.leads.queries import find_visible
from portal.offers import events as offers
from portal.offers import operations as offering
from portal.offers import places
from portal.offers import queries as offered
from portal.offers.cards import Card, left_card
from portal.offers.rules import Outscored
from portal.partners import events as partners
from portal.pickup import events as pickup
from portal.pickup.queries import find_held, position_of
from portal.pickup.questions import gate_view, hot_stop
from portal.pickup.refusals import outscored_words
from portal.pickup.routes import read_filters
from portal.scoring import events as scoring
from portal.web.access import requires, signed_in
from portal.web.htmx import go, wants_fragment
from portal.web.live import Item, Letter, Reader, answer

blueprint = Blueprint("live", __name__)

BOARD: Item = {"kind": "board"}
MOST_LEADS = 100
SKEW = timedelta(seconds=5)
"""An offer may be seen so much later than it says, because its transaction took a while."""


# -- from what happened to what is news -------------------------------------------------------


def _offered(event: Any) -> Iterable[Item]:
    return ({"kind": "offer", "lead": event.lead_id}, BOARD)


def _ended(event: offers.RoundEnded) -> Iterable[Item]:
    return ({"kind": "gone", "lead": event.lead_id, "round": event.round_id}, BOARD)


def _picked(event: pickup.LeadPickedUp) -> Iterable[Item]:
    return ({"kind": "gone", "lead": event.lead_id}, *_gate(event))


def _decided(event: pickup.EntryEnded) -> Iterable[Item]:
    # who won and who came too late hear of the pickup
    return ({"kind": "gone", "lead": event.lead_id, "person": event.user_id},)


def _out(event: offers.OfferDeclined | offers.OfferWithdrawn) -> Iterable[Item]:
    return ({"kind": "gone", "lead": event.lead_id, "offer": event.offer_id}, BOARD)


def _turn_over(event: offers.TurnOver) -> Iterable[Item]:
    return ({"kind": "gone", "lead": event.lead_id, "firm": event.organisation_id},)


def _not_for_me(event: offers.OfferDismissed) -> Iterable[Item]:
    return ({"kind": "gone", "lead": event.lead_id, "person": event.user_id},)


def _gate(event: Any) -> Iterable[Item]:
    return ({"kind": "gate", "firm": event.organisation_id}, BOARD)


def _again(event: feedback.EndingTakenBack) -> Iterable[Item]:
    return _gate(event) if event.organisation_id is not None else (BOARD,)


def _due(event: Any) -> Iterable[Item]:
    return ({"kind": "gate", "pickup": event.pickup_id}, BOARD)


def _asked(event: duplicates.AskedAgain) -> Iterable[Item]:
    return ({"kind": "asked", "person": event.user_id, "lead": event.lead_id}, BOARD)


def _board(_event: Event) -> Iterable[Item]:
    return (BOARD,)


NEWS: dict[type[Event], Callable[[Any], Iterable[Item]]] = {
    offers.LeadOffered: _offered,
    offers.OfferVisible: _offered,
    offers.DeclineTakenBack: _offered,
    offers.RoundEnded: _ended,
    offers.OfferDeclined: _out,
    offers.OfferWithdrawn: _out,
    offers.RoundExtended: _board,
    offers.TurnOver: _turn_over,
    offers.OfferDismissed: _not_for_me,
    offers.LeadReturned: _board,
    pickup.LeadPickedUp: _picked,
    pickup.EntryEnded: _decided,
    pickup.LeadGivenBack: _gate,
    pickup.LeadReassigned: _gate,
    pickup.LeadBlocked: _gate,
    pickup.PicksSuspended: _gate,
    pickup.SuspensionEnded: _gate,
    pickup.FeedbackDueSoon: _due,
    pickup.FeedbackDue: _due,
    pickup.FeedbackOverdue: _due,
    feedback.FeedbackGiven: _gate,
    feedback.FeedbackTakenBack: _due,
    feedback.HeldLeadClosed: _gate,
    feedback.EndingTakenBack: _again,
    feedback.LeadCancelled: _board,
    feedback.LeadDeleted: _board,
    feedback.DirectBegun: _board,
    feedback.DirectEnded: _board,
    partners.PartnerProfileChanged: _gate,
    partners.AbsenceAdded: _gate,
    partners.AbsenceRemoved: _gate,
    duplicates.AskedAgain: _asked,
    leads.LeadCaptured: _board,
    leads.LeadTaken: _board,
    leads.LeadQualified: _board,
    leads.LeadDisqualified: _board,
    leads.LeadRevived: _board,
    scoring.LeadHandedOn: _board,
    imports.LeadsImported: _board,
    imports.ImportCancelled: _board,
    imports.ImportUndone: _board,
}


def news_of(event: Event) -> Iterable[Item]:
    """Return what open pages are to hear of an event; nothing of most."""
    told = NEWS.get(type(event))
    return told(event) if told else ()


# -- who hears of it --------------------------------------------------------------------------


def topics_of(actor: Actor) -> frozenset[str]:
    """Return what a person may hear of."""
    topics = {f"person:{actor.id}"}
    if actor.may(Permission.OFFERS_SEE):
        # what is for a unit she hears by the unit's id below nought
        units = [-unit_id for unit_id in reach.units_of(actor)]
        topics |= {f"offers:{one}" for one in (actor.organisation_id, *units)}
    if actor.may(Permission.PICKUPS_CLAIM) or actor.may(Permission.PICKUPS_SEE_FIRM):
        topics.add(f"gate:{actor.organisation_id}")
    if actor.may(Permission.BOARD_SEE):
        topics.add("board")
    return frozenset(topics)


def address(items: Sequence[Item]) -> list[Letter]:
    """Return the letters of some news, each to those only who may know of it."""
    leads_asked = [
        item["lead"] for item in items if item["kind"] == "offer" or _to_all_of_now(item)
    ]
    rounds = [item["round"] for item in items if "round" in item]
    owing = [item["pickup"] for item in items if "pickup" in item]
    now, ended, firms = queries.read_hearers(leads_asked, rounds, owing, clock.now() + SKEW)
    out = queries.read_hearers_of([item["offer"] for item in items if "offer" in item])
    letters = []
    for item in items:
        kind, lead_id = item["kind"], item.get("lead")
        if kind == "board":
            letters.append(Letter("board", frozenset({"board"})))
        elif kind == "gate":
            firm = item.get("firm") or firms.get(item.get("pickup", 0))
            letters.append(Letter("gate", frozenset({f"gate:{firm}"})))
        elif kind == "asked":
            letters.append(Letter("asked", frozenset({f"person:{item['person']}"}), lead_id))
        elif "person" in item:
            letters.append(Letter("lead", frozenset({f"person:{item['person']}"}), lead_id, True))
        else:
            if "firm" in item:
                to: Collection[str] = (f"offers:{item['firm']}",)
            elif "offer" in item:
                to = out.get(item["offer"], ())
            elif "round" in item:
                to = ended.get(item["round"], ())
            else:
                to = now.get(item["lead"], ())
            letters.append(Letter("lead", frozenset(to), lead_id, kind == "gone"))
    return letters


def _to_all_of_now(item: Item) -> bool:
    return item["kind"] == "gone" and not {"person", "firm", "round", "offer"} & item.keys()


def ended_sessions(session_ids: Collection[int]) -> Collection[int]:
    """Return those of the sessions that are over, asked aside of the pages."""
    with apart() as own:
        return find_ended_sessions(own, session_ids, clock.now())


@blueprint.get("/stream")
@signed_in
def stream() -> ResponseReturnValue:
    actor = current_actor()
    return answer(Reader(actor.id, actor.session_id, topics_of(actor)))


# -- what a page fetches ----------------------------------------------------------------------


@blueprint.get("/available/news")
@requires(Permission.OFFERS_SEE)
def news() -> ResponseReturnValue:
    """Say which of the shown leads are gone, and which have come since, under the same filters.

    `leads` are shown, `maybe` were named by the stream, `since` is when the page was made (ms).
    """
    actor, at = current_actor(), clock.now()
    shown, maybe = read_ids("leads"), read_ids("maybe")
    given = request.args.get("since", "")
    known = given.isdecimal() and len(given) < 15
    since = datetime.fromtimestamp(int(given) / 1000, UTC) - SKEW if known else at
    standing, fresh = offered.read_news(actor, at, read_filters(), shown, maybe, since)
    return {"gone": sorted(set(shown) - standing), "fresh": sorted(fresh - set(shown))}


def read_ids(name: str) -> list[int]:
    """Read a list of ids from the address; what is odd is left out."""
    parts = request.args.get(name, "").split(",")[:MOST_LEADS]
    return [int(part) for part in parts if part.isdecimal() and len(part) < 18]


@blueprint.get("/leads/<int:lead_id>/card")
@requires(Permission.OFFERS_SEE)
def card(lead_id: int) -> ResponseReturnValue:
    """Show the card of a lead as it stands now for this reader: open, his, or gone.

    Whoever watches asks what became of it: nothing is refused.
    """
    if not wants_fragment():
        return go(url_for("desk.lead", lead_id=lead_id))
    actor, at = current_actor(), clock.now()
    standing = offered.find_card(lead_id, actor, at)
    if standing is not None:
        hot = standing.temperature == Temperature.HOT and actor.may(Permission.PICKUPS_CLAIM)
        position = position_of(actor, at) if hot else None
        return render_template("offers/_card.html", card=standing.heeding(hot_stop(position)))
    held = find_visible(lead_id, actor)
    if held is None and not offered.was_offered(lead_id, actor, at):
        raise NotFound()
    gone = gone_card(lead_id, actor, at)
    if held is not None:
        own = find_held(lead_id) if held.holder_id == actor.id else None
        return render_template("desk/_card_in_house.html", card=gone, mine=True, pickup=own)
    if gone.state == "in_house":
        return render_template("desk/_card_in_house.html", card=gone, mine=False, pickup=None)
    return render_template("offers/_card.html", card=gone)


@blueprint.get("/leads/<int:lead_id>/asked-again")
@signed_in
def asked_again(lead_id: int) -> ResponseReturnValue:
    """Say to who works on a lead that its contact has asked again."""
    found = find_visible(lead_id, current_actor())
    if found is None:
        raise NotFound()
    if not wants_fragment():
        return go(url_for("desk.lead", lead_id=lead_id))
    return render_template("desk/_asked_again.html", lead=found)


def gone_card(lead_id: int, actor: Actor, at: datetime) -> Card:
    """Return what is left of a card, and whether the reader waits or may."""
    told = offering.gone(lead_id, actor.organisation_id, actor.id)
    said: Sequence[str] = ()
    if isinstance(told, Outscored):
        title, _sentence, (why, *_more) = outscored_words(told)
        said = (f"{title}.", why)
    place = places.find_place(lead_id, actor, at) or places.Place()
    return left_card(told.facts, waits=place.waits, may_wait=place.may_wait, said=said)


@blueprint.get("/gate")
@requires(Permission.PICKUPS_CLAIM)
def gate() -> ResponseReturnValue:
    """Show the gate bar alone; its questions stay where they are."""
    if not wants_fragment():
        return go(url_for("desk.mine"))
    at = clock.now()
    view = replace(gate_view(position_of(current_actor(), at), at), questions=())
    return render_template("pickup/_gate.html", gate=view)


@blueprint.get("/team/state")
@requires(Permission.PICKUPS_SEE_FIRM)
def team() -> ResponseReturnValue:
    """Show how the team stands."""
    if not wants_fragment():
        return go(url_for("team.team"))
    return render_template("desk/_team.html", team=read_team(current_actor(), clock.now()))


@blueprint.get("/board/counts")
@requires(Permission.BOARD_SEE)
def counts() -> ResponseReturnValue:
    """Show the columns of the board with their counts."""
    search = request.args.get("q", "")[:100]
    if not wants_fragment():
        return go(url_for("desk.board", q=search or None, whose=read_whose() or None))
    actor = current_actor()
    columns, _ready = board_columns(search, actor, clock.now(), reach.read(actor), read_whose())
    return render_template("desk/_board_columns.html", columns=columns)
