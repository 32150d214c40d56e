"""This morning, mine, the lead dossier, the board."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from portal.accounts import reach
from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_distributor
from portal.accounts.reach import Reached
from portal.accounts.tree import unit_names
from portal.assistance.queries import list_of_lead
from portal.catalog.fields import Told, tell
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import AnyRow
from portal.core.errors import NotFound
from portal.correspondence.queries import panel_of
from portal.customers.queries import find_of_lead
from portal.deadlines.models import ClockKind
from portal.deadlines.rules import terms_of
from portal.deadlines.telling import expectations
from portal.desk import queries, timeline
from portal.desk.board import board_cards, board_columns, column_words, figures, read_whose
from portal.desk.homes import read_home
from portal.desk.memory import tell_done, tell_turns
from portal.desk.who_sees import who_sees
from portal.escalation import invariants
from portal.feedback.action_rules import WORDS as ACTION_WORDS
from portal.feedback.actions import list_actions
from portal.leads import archive, contacts, hand_over, levels, own_fields, sources
from portal.leads.completeness import read_completeness
from portal.leads.contest import Mode
from portal.leads.dates import read_dates
from portal.leads.definition_words import called
from portal.leads.figures import FIXED, figures_of, may_set
from portal.leads.interests import list_interests, may_note
from portal.leads.labels import list_labels
from portal.leads.models import Lead, LeadContact, LeadState
from portal.leads.queries import find_visible, list_statuses
from portal.leads.requirements import missing_for
from portal.leads.sight import Sight, sight_of
from portal.leads.team import read_side
from portal.leads.visibility import Field
from portal.matching import words
from portal.matching.relaxing_words import tell_relaxed
from portal.matching.shared_parts import in_full
from portal.offers import deciding, passing_on, places, redistribution, reps, rings
from portal.offers import operations as offering
from portal.offers import queries as offers
from portal.offers.cards import card_of
from portal.offers.deciding import Right
from portal.offers.entries import list_entries
from portal.offers.models import Offer, OfferRound
from portal.offers.publishing import stays_direct
from portal.offers.rules import may_be_offered
from portal.offers.words import tell_course, tell_entries, tell_finish, tell_ring
from portal.partners.contacts import find_for_leads
from portal.pickup import extension, pauses, recall
from portal.pickup import queries as pickups
from portal.pickup.clock_words import ClockLine, lines_of
from portal.pickup.models import Pickup
from portal.pickup.questions import Question, gate_view, hot_stop, question_of
from portal.pickup.recall import done_before
from portal.pickup.refusals import refusal_view
from portal.qualification.confirming import Interest, interest_of
from portal.timeline.queries import list_looks
from portal.web.access import requires, signed_in
from portal.web.paging import page_number

blueprint = Blueprint("desk", __name__)

MOST_AGAIN = 50
"""So many firms stand in the address of a page."""


# -- this morning ---------------------------------------------------------------------------


@blueprint.get("/")
@signed_in
def home() -> ResponseReturnValue:
    return render_template("desk/home.html", **read_home(current_actor(), clock.now()))


# -- mine -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MineRow:
    """The view model of `templates/pickup/_mine_row.html`."""

    pickup_id: int
    lead_id: int
    number: str
    title: str
    temperature: str | None
    company: str | None
    person: str | None
    phone: str | None
    phone_link: str | None
    email: str | None
    status_label: str
    due_at: datetime | None
    owed: str
    next_step: str | None
    next_step_at: Any
    calendar_url: str | None
    deadlines: Sequence[ClockLine]
    interest: Interest
    question: Question | None


@blueprint.get("/mine")
@requires(Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)
def mine() -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    held = pickups.list_mine(actor)
    known = contacts.load_contacts([lead for _pickup, lead in held], actor, at)
    steps = queries.last_steps([pickup.id for pickup, _lead in held])
    labels = list_statuses()
    deadlines = lines_of([pickup.id for pickup, _lead in held], at)
    rows = []
    for pickup, lead in held:
        given = steps.get(pickup.id)
        rows.append(
            mine_row(
                pickup,
                lead,
                known.get(lead.id),
                at,
                deadlines=deadlines[pickup.id],
                status_label=called(labels[lead.status_id].names),
                next_step=given.next_step if given else None,
                next_step_on=given.next_step_on if given else None,
            )
        )
    rows.sort(key=lambda row: ("late", "now", "soon", "no").index(row.owed))
    closed = [
        {
            "lead_id": lead.id,
            "number": lead.number,
            "title": lead.title,
            "outcome": pickup.outcome,
            "ended_at": pickup.ended_at,
        }
        for pickup, lead in pickups.list_closed(actor)
    ]
    position = pickups.position_of(actor, at) if actor.may(Permission.PICKUPS_CLAIM) else None
    return render_template(
        "desk/mine.html",
        rows=rows,
        closed=closed,
        stood_in=pickups.list_stood_in(actor),
        waited_for=places.list_waited_for(actor),
        gate=gate_view(position, at) if position else None,
    )


def mine_row(
    pickup: Pickup,
    lead: Lead,
    contact: LeadContact | None,
    at: datetime,
    *,
    deadlines: Sequence[ClockLine],
    status_label: str,
    next_step: str | None,
    next_step_on: Any,
) -> MineRow:
    """Return a row of Mine."""
    facts = pickups.find_open(pickup.id)
    owed = "no"
    if pickup.last_feedback_at is None:
        owed = "late" if pickup.feedback_due_at <= at else "now"
    elif pickup.feedback_due_at <= at:
        owed = "late"
    elif pickup.debt == "soon":
        owed = "soon"
    person = " ".join(filter(None, [contact.first_name, contact.last_name])) if contact else ""
    if contact and contact.role:
        person = f"{person}, {contact.role}" if person else contact.role
    return MineRow(
        pickup_id=pickup.id,
        lead_id=lead.id,
        number=lead.number,
        title=lead.title,
        temperature=lead.temperature,
        company=contact.company if contact else None,
        person=person or None,
        phone=(contact.phone or contact.phone_e164) if contact else None,
        phone_link=contact.phone_e164 if contact else None,
        email=contact.email if contact else None,
        status_label=status_label,
        due_at=pickup.feedback_due_at,
        owed=owed,
        next_step=next_step,
        next_step_at=next_step_on,
        calendar_url=None,
        deadlines=[one for one in deadlines if one.state != "missed"],
        interest=interest_of(lead, may=True),
        question=(
            question_of(
                facts,
                action=url_for("feedback.give", pickup_id=pickup.id),
                target_id=f"pickup-{pickup.id}",
            )
            if facts
            else None
        ),
    )


# -- the lead ---------------------------------------------------------------------------------


@blueprint.get("/leads/<int:lead_id>")
@signed_in
def lead(lead_id: int) -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    reached = reach.read(actor)
    found = find_visible(lead_id, actor, reached)
    sells = actor.may(Permission.OFFERS_SEE) and (found is None or found.holder_id == actor.id)
    if actor.is_partner or sells:
        return partner_lead(lead_id, found, actor, at)
    if found is None:
        raise NotFound()
    return vendor_lead(found, actor, at, reached)


def partner_lead(
    lead_id: int, found: Lead | None, actor: Actor, at: datetime
) -> ResponseReturnValue:
    """Show a partner the dossier, the offer, what he once held, or the honest answer."""
    if found is not None:
        return dossier(found, actor, at)
    if not actor.may(Permission.OFFERS_SEE):
        raise NotFound()
    card = offers.find_card(lead_id, actor, at)
    if card is not None:
        position = pickups.position_of(actor, at) if actor.may(Permission.PICKUPS_CLAIM) else None
        return render_template(
            "desk/lead_offer.html",
            card=card.heeding(hot_stop(position)),
            gate=gate_view(position, at) if position else None,
            may_offer_on=passing_on.can_offer_on(card.lead_id, actor),
            suits=reps.find_best(lead_id, actor.organisation_id)
            if actor.may(Permission.PICKUPS_SEE_FIRM)
            else None,
        )
    before = pickups.find_last(lead_id, actor)
    if before is not None:
        return render_template(
            "desk/lead_past.html",
            pickup=before,
            lead=queries.name_of(lead_id),
            reason=book().label(before.reason_id, str(get_locale())),
            timeline=timeline.of_past(lead_id, actor, at),
            contact=None,
        )
    if offers.was_offered(lead_id, actor, at):
        refusal = offering.gone(lead_id, actor.organisation_id, actor.id)
        view = refusal_view(refusal, None, places.find_place(lead_id, actor, at))
        return render_template("pickup/refused.html", refusal=view), 404
    raise NotFound()


def dossier(found: Lead, actor: Actor, at: datetime) -> ResponseReturnValue:
    """Show the holder (or the manager of his firm) everything about a lead in hand."""
    sight = sight_of(found, actor)
    contact = contacts.find_contact(found, actor, at, sight)
    pickup = pickups.find_last(found.id, actor)
    facts = pickups.find_open(pickup.id) if pickup else None
    shown = offers.teaser_fields([found.type_id])[found.type_id]
    given = queries.list_feedback(found.id, actor.organisation_id)
    requests = list_of_lead(found, actor, sight)
    return render_template(
        "desk/lead.html",
        lead=found,
        sight=sight,
        Field=Field,
        card=card_of(found, shown, at, seen_by=0),
        contact=contact,
        pickup=pickup,
        own=own_of(found, sight),
        brought=sources.read_brought(found) if Field.ANSWERS in sight else None,
        holds=facts is not None,
        answers=queries.list_answers(found.id),
        status=list_statuses()[found.status_id],
        may_label=bool(list_labels(found, actor)),
        question=(
            question_of(
                facts, action=url_for("feedback.give", pickup_id=facts.id), target_id="answer"
            )
            if facts
            else None
        ),
        customer=find_of_lead(found.id),
        owner=queries.find_owner(found),
        overdue=bool(facts and facts.owed_since(at)),
        expected=expectations(terms_of(pickups.get_policy(pickup)), pickup.rhythm_days)
        if pickup and facts
        else [],
        waiting=places.count_waiting(found.id) if facts else 0,
        requests=requests,
        more_time=extension.room_of(pickup) if pickup and facts else None,
        before=tell_done(done_before(found, pickup.picked_at)) if pickup else [],
        timeline=timeline.of_lead(found, sight, at, given, requests=requests),
        letters=panel_of(found, actor, sight),
        **deadlines_of(pickup if facts else None, at),
        dates=read_dates(found, actor, at, sight),
        **opportunity_of(found, sight),
        who_sees=who_sees(found, sight),
        **looks_of(found),
        distributor=find_distributor(actor.organisation_id),
        in_charge=bool(pickup and pickups.is_in_charge(pickup, actor)),
        holder=queries.person_names([pickup.user_id]).get(pickup.user_id)
        if pickup and pickup.user_id != actor.id
        else None,
        locale_code=str(get_locale())[:2],
    )


def deadlines_of(pickup: Pickup | None, at: datetime) -> dict[str, Any]:
    """Return the deadlines of a lead in hand, and whether it may rest, for who works on it."""
    if pickup is None:
        return {"clocks": None}
    lines = lines_of([pickup.id], at)[pickup.id]
    rests = any(one.kind == ClockKind.FEEDBACK and one.state == "rests" for one in lines)
    return {
        "clocks": lines,
        "pickup_id": pickup.id,
        "rests": rests,
        "may_rest": pauses.refusal_of(pickup, pickups.get_policy(pickup), at) is None,
    }


def own_of(found: Lead, sight: Sight) -> list[Told]:
    """Return what a reader sees of the programme's own fields of a lead, in words."""
    return tell(own_fields.ever(), own_fields.load(found, sight.actor, sight), str(get_locale()))


def looks_of(found: Lead) -> dict[str, Any]:
    """Return who was shown the contact data of a lead."""
    looks = list_looks(found.id)
    return {"looks": looks, "look_names": queries.person_names([look.user_id for look in looks])}


def opportunity_of(found: Lead, sight: Sight) -> dict[str, Any]:
    """Return the figures of a lead, how complete it is, and its products, as far as she sees them.

    Who qualifies a lead sees the products with what was asked of them, and notes it.
    """
    goes, told = Field.PROGRESS in sight, Field.ANSWERS in sight
    return {
        "opportunity": figures_of(found) if goes else None,
        "may_set_figures": may_set(found, sight.actor, sight),
        "complete": read_completeness(found) if goes and found.state not in FIXED else None,
        "interests": list_interests(found, with_notes=told) if goes or told else [],
        "may_note": told and may_note(found, sight.actor, sight),
    }


def vendor_lead(
    found: Lead, actor: Actor, at: datetime, reached: Reached | None
) -> ResponseReturnValue:
    """Show the vendor's people where a lead stands: rounds, offers, holders, answers.

    Of all that, what the table of `leads.visibility` lets them see.
    """
    sight = sight_of(found, actor, reached=reached)
    shown = offers.teaser_fields([found.type_id])[found.type_id]
    rounds = offers.list_rounds(found.id) if Field.ROUNDS in sight else []
    offered = offers.list_offers(rounds[0].id) if rounds else []
    firms = queries.seen_firms(found, actor, reached)
    lines = [line for line in offered if firms is None or line.organisation_id in firms]
    offerable = may_be_offered(found.state, found.suppressed)
    contact = contacts.find_contact(found, actor, at, sight)
    in_hand = pickups.find_held(found.id) if found.state == LeadState.HELD else None
    may_offer = actor.may(Permission.OFFERS_MAKE)
    right = deciding.find_right(actor)
    told = Field.PROGRESS in sight
    given = part_of(queries.list_feedback(found.id), and_own(firms, actor)) if told else []
    holders = part_of(queries.list_pickups(found.id), firms) if Field.HOLDER in sight else []
    held = [row.id for row in holders if row.ended_at is None] if told else []
    policy = pickups.policy_of(held[0]) if held else None
    requests = list_of_lead(found, actor, sight, reached)
    return render_template(
        "desk/lead_vendor.html",
        lead=found,
        sight=sight,
        Field=Field,
        card=card_of(found, shown, at, seen_by=0),
        contact=contact,
        letters=panel_of(found, actor, sight),
        own=own_of(found, sight),
        brought=sources.read_brought(found) if Field.ANSWERS in sight else None,
        holds=False,
        answers=queries.list_answers(found.id) if Field.ANSWERS in sight else [],
        status=list_statuses()[found.status_id],
        may_label=bool(list_labels(found, actor)),
        rounds=rounds,
        offered=tell_offers(rounds[0], lines, right, at) if rounds else [],
        by_hand=queries.person_names([one.offered_by_id for one in rounds if one.offered_by_id]),
        decides=right is not None,
        again=again_of(rounds[0], offered) if rounds else {},
        offers_stand=sum(
            not one.declined_at and not one.withdrawn_at and one.ends_at > at for one in offered
        ),
        decides_all=right is not None and right.covers(one.organisation_id for one in offered),
        tell_course=tell_course,
        tell_relaxed=tell_relaxed,
        tell_finish=tell_finish,
        side=read_side(found, actor),
        customer=find_of_lead(found.id),
        handed=hand_over.find_last(found.id),
        may_hand_over=hand_over.may_ask(found, actor),
        others=len(offered) - len(lines),
        excluded=words.tell_excluded(rounds[0].excluded) if rounds else [],
        holders=holders,
        clocks=lines_of(held, at)[held[0]] if held else None,
        policy=policy,
        expected=expectations(terms_of(policy)) if policy else [],
        places=part_of(places.list_places(found.id), firms) if Field.ROUNDS in sight else [],
        turns=tell_turns(
            redistribution.list_steps(found.id), rests=found.state == LeadState.RECALLED
        )
        if Field.ROUNDS in sight
        else [],
        before=tell_done(done_before(found, found.picked_at)) if told else [],
        rests=found.state == LeadState.RECALLED
        and found.rests_until is not None
        and found.rests_until > at,
        may_recall=in_hand is not None and recall.may_recall(in_hand, actor),
        waiting=places.count_waiting(found.id),
        actions=[(key, ACTION_WORDS[key]) for key in list_actions(found, actor, at)],
        responsible=find_for_leads(found.holder_organisation_id)
        if Field.HOLDER in sight and found.holder_organisation_id
        else None,
        requests=requests,
        timeline=timeline.of_lead(found, sight, at, given, firms, blames=True, requests=requests),
        dates=read_dates(found, actor, at, sight) if Field.PROGRESS in sight else None,
        **opportunity_of(found, sight),
        kept=archive.find_archived(found.id),
        may_archive=archive.may_archive(found, actor) and archive.is_dead(found),
        who_sees=who_sees(found, sight, rings.seen_by(rounds[0], at) if rounds else 0),
        **(looks_of(found) if Field.LOOKS in sight else {"looks": [], "look_names": {}}),
        missing=missing_for(found, "offer", contact) if offerable and may_offer else {},
        offerable=offerable,
        direct=offerable and stays_direct(found),
        levels=levels.in_words(found),
        may_offer=may_offer,
        may_qualify=actor.may(Permission.LEADS_QUALIFY)
        and found.state not in (LeadState.HELD, LeadState.CLOSED, LeadState.OFFERED),
        reason=book().label,
        locale_code=str(get_locale())[:2],
    )


def again_of(last: OfferRound, lines: Sequence[Offer]) -> dict[str, Any]:
    """Return what was chosen by hand, so that the lead can be offered so again: firms, and whom."""
    if last.offered_by_id is None:
        return {}
    chosen = [line for line in lines if line.declined_at is None][:MOST_AGAIN]
    unit_id = chosen[0].unit_id if len(chosen) == 1 else None
    whom = {"whom": f"unit-{unit_id}"} if unit_id else {}
    return {"firm": [line.organisation_id for line in chosen], **whom} if chosen else {}


def tell_offers(
    last: OfferRound, lines: Sequence[Offer], right: Right | None, at: datetime
) -> list[dict[str, Any]]:
    """Return the offers of a round for its page, ring by ring; those in turn in one piece."""
    names = queries.firm_names([line.organisation_id for line in lines])
    units = unit_names([line.unit_id for line in lines if line.unit_id])
    people = queries.person_names(
        [one for line in lines for one in (line.user_id, line.suits_user_id) if one]
    )
    via = queries.firm_names(
        [line.via_organisation_id for line in lines if line.via_organisation_id]
    )
    in_turn, finish = last.mode == Mode.SERIAL, last.mode == Mode.PHOTO_FINISH
    entered = tell_entries(list_entries(last.id)) if finish else {}
    told: dict[int, dict[str, Any]] = {}
    for line in lines:
        when = tell_ring(last, line, at) if last.rings > 1 else ""
        explanation = in_full(line.explanation, last.parts)
        ring = told.setdefault(
            1 if in_turn else line.ring,
            {"number": line.ring, "when": "" if in_turn else when, "lines": []},
        )
        ring["lines"].append(
            {
                "firm": tell_firm(line, names, units),
                "fit": words.tell_fit(line.score, explanation),
                "when": when if in_turn else entered.get(line.organisation_id, ""),
                "why": words.why(explanation),
                "declined_at": line.declined_at,
                "withdrawn_at": line.withdrawn_at,
                "person": people.get(line.user_id or 0),
                "suits": people.get(line.suits_user_id or 0),
                "via": via.get(line.via_organisation_id or 0),
                "organisation_id": line.organisation_id,
                "may_take_back": right is not None
                and last.ended_at is None
                and not line.direct
                and line.declined_at is None
                and line.withdrawn_at is None
                and line.ends_at > at
                and right.covers((line.organisation_id,)),
                "reason": book().label(line.reason_id, str(get_locale())),
            }
        )
    return list(told.values())


def tell_firm(line: Offer, names: Mapping[int, str], units: Mapping[int, str]) -> str:
    """Return to whom an offer is: a unit of the vendor, or a partner and its unit."""
    unit = units.get(line.unit_id or 0, "")
    firm = "" if line.direct else names.get(line.organisation_id, "")
    return " · ".join(filter(None, (firm, unit)))


def and_own(firms: Collection[int] | None, actor: Actor) -> Collection[int] | None:
    """Return these firms and the reader's own; None is every firm."""
    return None if firms is None else {*firms, actor.organisation_id}


def part_of(rows: Iterable[AnyRow], firms: Collection[int] | None) -> list[AnyRow]:
    """Return the rows of these firms; None is every firm."""
    return [row for row in rows if firms is None or row.organisation_id in firms]


# -- the board ----------------------------------------------------------------------------------


@blueprint.get("/board")
@requires(Permission.BOARD_SEE)
def board() -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    search = request.args.get("q", "")[:100]
    reached = reach.read(actor)
    whose = read_whose()
    columns, ready = board_columns(search, actor, at, reached, whose)
    return render_template(
        "desk/board.html",
        columns=columns,
        figures=figures(actor, at, reached),
        search=search,
        whose=whose,
        ready=ready,
        may_offer=actor.may(Permission.OFFERS_MAKE),
        out_of_order=invariants.count_noted(actor, reached),
    )


@blueprint.get("/board/<any(to_qualify, ready, on_offer, held, overdue, direct, returned):key>")
@requires(Permission.BOARD_SEE)
def column(key: str) -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    search = request.args.get("q", "")[:100]
    whose = read_whose()
    page = queries.list_column(
        key,
        actor,
        at,
        page_number(request.args.get("page")),
        queries.LIST_SIZE,
        search,
        whose=whose,
    )
    return render_template(
        "desk/column.html",
        key=key,
        label=column_words()[key][0],
        empty=column_words()[key][1],
        page=page,
        first=(page.number - 1) * queries.LIST_SIZE + 1,
        cards=board_cards(key, page.items, actor, at),
        search=search,
        whose=whose,
        may_offer=actor.may(Permission.OFFERS_MAKE) and key in ("ready", "returned"),
        older=url_for(
            "desk.column", key=key, q=search or None, whose=whose or None, page=page.after
        )
        if page.after
        else None,
        newer=url_for(
            "desk.column", key=key, q=search or None, whose=whose or None, page=page.before
        )
        if page.before
        else None,
    )
