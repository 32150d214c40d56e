"""Pages of why: any firm for managers, its own line for a partner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.accounts.reach import read_firms
from portal.core import clock
from portal.core.db import session
from portal.core.errors import NotFound
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.leads.sight import sight_of
from portal.leads.visibility import Field
from portal.matching import explaining_words as words
from portal.matching.explaining import Line
from portal.matching.relaxing_words import tell_relaxed
from portal.matching.shared_parts import in_full
from portal.matching.words import tell_fit
from portal.offers import queries, reasons
from portal.offers.models import OfferRound
from portal.offers.reasons import Answer
from portal.partners.queries import Filters, get_partner, list_partners
from portal.web.access import requires

blueprint = Blueprint("reasons", __name__)

FOUND = 12
OFFERED = 50


@blueprint.get("/leads/<int:lead_id>/why")
@requires(Permission.BOARD_SEE)
def why(lead_id: int) -> ResponseReturnValue:
    """Answer for any firm that the reader answers for."""
    actor, at = current_actor(), clock.now()
    lead = get_visible(lead_id, actor)
    if Field.ROUNDS not in sight_of(lead, actor):
        raise NotFound()
    rounds = queries.list_rounds(lead.id)
    asked = number(request.args.get("round"))
    last = next((one for one in rounds if one.number == asked), rounds[0] if rounds else None)
    firm_id = number(request.args.get("partner"))
    partner = get_partner(firm_id, actor) if firm_id else None
    text = request.args.get("q", "").replace("\x00", "").strip()[:100]
    found = reasons.answer(lead, last, partner.organisation_id, at) if partner else None
    return render_template(
        "offers/why.html",
        lead=lead,
        rounds=rounds,
        last=last,
        firm=partner.organisation if partner else None,
        text=text,
        found=list_partners(actor, Filters(text=text), 1, at).items[:FOUND] if text else [],
        offered=offered_in(last, actor) if last and not partner and not text else [],
        no_rule=partner is not None and found is None,
        answer=found,
        told=tell(found) if found else None,
    )


def offered_in(last: OfferRound, actor: Actor) -> list[tuple[int, str, str]]:
    """Return whom a round was offered to, of those the reader answers for, and how it fits."""
    rows = reasons.list_offered(last.id, read_firms(actor), OFFERED)
    return [
        (row.id, row.name, tell_fit(row.score, in_full(row.explanation, last.parts)))
        for row in rows
    ]


@blueprint.get("/leads/<int:lead_id>/why-us")
@requires(Permission.OFFERS_SEE)
def why_us(lead_id: int) -> ResponseReturnValue:
    """Answer for the reader's own firm, once it has seen the offer."""
    actor, at = current_actor(), clock.now()
    offer = reasons.last_offer_seen(lead_id, actor, at)
    if offer is None:
        raise NotFound()
    lead, last = session().get_one(Lead, lead_id), session().get_one(OfferRound, offer.round_id)
    found = reasons.answer(lead, last, actor.organisation_id, at)
    return render_template(
        "offers/why_us.html",
        number=lead.number,
        lead_id=lead_id,
        answer=found,
        told=tell(found, own=not holds(lead, actor)) if found else None,
    )


def holds(lead: Lead, actor: Actor) -> bool:
    """Say whether the reader's firm has the lead in hand, and so knows whom it is about."""
    return lead.holder_organisation_id == actor.organisation_id


def tell(found: Answer, *, own: bool = False) -> dict[str, Any] | None:
    """Return an answer in words; of its `own` a firm reads nothing that says whom it knows."""
    explained = found.explained
    if explained is None:
        return None
    lines: Sequence[Line] = explained.lines
    shown = words.open_lines(lines) if own else lines
    drawn = found.offer is not None and found.offer.organisation_id in (
        (found.round.fairness or {}).get("drawn", ()) if found.round else ()
    )
    return {
        "lines": [
            {
                "asks": words.asks(line),
                "mode": words.mode_words(line),
                "result": words.result_words(line),
                "reason": words.reason_of(line),
            }
            for line in shown
        ],
        "let_go": let_go(found, own=own),
        "hidden": len(shown) < len(lines),
        "out": words.tell_out(explained),
        "drawn": words.drawn_words(drawn),
    }


def let_go(found: Answer, *, own: bool) -> list[str]:
    """Say what the rule let go of, so that somebody was found at all."""
    last = found.round
    return tell_relaxed(last.rule_id, last.rule_version, last.relaxed, own=own) if last else []


def number(raw: str | None) -> int:
    """Return a number of the address, 0 for what is none."""
    return int(raw) if raw and raw.isascii() and raw.isdigit() and len(raw) < 19 else 0
