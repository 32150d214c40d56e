"""Pages of duplicates: the work list, who is like a lead, two side by side, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Conflict
from portal.duplicates import facts, merging, pairs, queries, rules, words
from portal.duplicates.likeness import Likeness
from portal.duplicates.merging import Beside
from portal.duplicates.models import Kind
from portal.leads.contacts import load_contacts
from portal.leads.models import Lead
from portal.leads.operations import questions_of
from portal.leads.queries import find_visible, get_visible
from portal.web.access import requires
from portal.web.htmx import go
from portal.web.paging import page_number

blueprint = Blueprint("duplicates", __name__)


@blueprint.app_template_global("alike_of")
def alike_of(lead: Lead) -> list[queries.Alike]:
    """Return who is like an inquiry, for the page that qualifies it: leads know no duplicates."""
    actor = current_actor()
    return queries.alike_of(lead, actor)


@blueprint.app_template_global("merges_of")
def merges_of(lead: Lead) -> dict[str, Any] | None:
    """Return what became part of a lead, or of what it is a part, as far as the reader may know."""
    actor = current_actor()
    if actor.is_partner or not actor.may(Permission.LEADS_QUALIFY):
        return None
    into, parts = merging.find_merge_of(lead.id), merging.list_merged(lead.id)
    if into is None and not parts:
        return None
    ids = [one.gone_id for one in parts] + ([into.kept_id] if into else [])
    leads = {one: session().get_one(Lead, one) for one in ids}
    return {
        "into": (into, leads[into.kept_id]) if into else None,
        "parts": [(one, leads[one.gone_id]) for one in parts],
        "source": lambda one: words.value_of("source", facts.said_of(one, "source")),
        "may_undo": not actor.is_looked_as,
        "seen": lambda one: find_visible(one.id, actor) is not None,
    }


@blueprint.app_template_global("pairs_waiting")
def pairs_waiting() -> int:
    """Return how many pairs wait for the reader, for the page of the queue."""
    return queries.count_pairs(current_actor())


@blueprint.app_template_filter("likeness_words")
def likeness_words(likeness: Likeness) -> list[tuple[str, int]]:
    """Return what speaks for and against that two are the same."""
    return words.reasons(likeness)


@blueprint.get("/duplicates")
@requires(Permission.LEADS_QUALIFY)
def listing() -> ResponseReturnValue:
    """Show pairs that wait for somebody to say whether they are the same."""
    actor = current_actor()
    asked = request.args.get("of", "")
    kind = Kind(asked) if asked in set(Kind) else None
    page = queries.list_pairs(actor, kind, page_number(request.args.get("page")))
    seen = [
        side.id
        for pair in page.items
        for side in (pair.one, pair.other)
        if side.kind == Kind.LEAD and side.visible
    ]
    leads = [session().get_one(Lead, one) for one in dict.fromkeys(seen)]
    return render_template(
        "duplicates/listing.html",
        page=page,
        kind=kind,
        contacts=load_contacts(leads, actor, clock.now()),
        states=words.STATES,
        with_customers=actor.may(Permission.CUSTOMERS_EDIT),
        address=lambda of=kind, number=1: url_for(
            "duplicates.listing", of=of, page=number if number and number > 1 else None
        ),
    )


@blueprint.post("/duplicates/<int:pair_id>/different")
@requires(Permission.LEADS_QUALIFY)
def different(pair_id: int) -> ResponseReturnValue:
    pairs.keep_apart(pair_id, current_actor(), clock.now())
    flash(_("Remembered: they are not the same."))
    return go(url_for("duplicates.listing"))


@blueprint.get("/leads/<int:lead_id>/duplicates")
@requires(Permission.LEADS_QUALIFY)
def of_lead(lead_id: int) -> ResponseReturnValue:
    """Show who is like a lead, found this moment."""
    return render_template(
        "duplicates/of_lead.html",
        lead=get_visible(lead_id, current_actor()),
        states=words.STATES,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A fact of two leads: what each says, and whose is to stay; empty where both say the same."""

    name: str
    label: str
    kept: str
    gone: str
    chosen: str
    both: bool


@blueprint.get("/leads/<int:lead_id>/merge/<int:other_id>")
@requires(Permission.LEADS_QUALIFY)
def merge_page(lead_id: int, other_id: int) -> ResponseReturnValue:
    """Lay two leads side by side; the first one stays, unless it can't."""
    actor = current_actor()
    beside = merging.look(lead_id, other_id, actor, keep=lead_id)
    return show(beside, actor), 409 if beside.refusal else 200


def show(beside: Beside, actor: Actor, wrong: str = "") -> str:
    """Render two leads side by side. Looks at contact data are logged."""
    kept_seen = find_visible(beside.kept.id, actor) is not None
    lines = lines_of(beside, actor) if beside.takes_on and not beside.refusal else []
    return render_template(
        "duplicates/merge.html",
        kept=beside.kept,
        gone=beside.gone,
        refusal=beside.refusal,
        free=beside.free,
        takes_on=beside.takes_on,
        kept_seen=kept_seen,
        lines=[line for line in lines if line.chosen],
        alike=[line for line in lines if not line.chosen],
        states=words.STATES,
        typed=request.form,
        wrong=wrong,
    )


def lines_of(beside: Beside, actor: Actor) -> list[Line]:
    """Return what two leads say, in order; contact data where the reader may see it."""
    at = clock.now()
    shown = load_contacts([beside.kept, beside.gone], actor, at)
    kept, gone = facts.read(beside.kept), facts.read(beside.gone)
    proposed = merging.propose(kept, gone)
    questions = {one.id: one for lead in (beside.kept, beside.gone) for one in questions_of(lead)}
    lines = []
    for name in words.in_order({*kept, *gone}):
        if name in facts.CONTACT and len(shown) < 2:
            continue
        said = [words.value_of(name, side.get(name)) for side in (kept, gone)]
        if not any(said):
            continue
        together = name in facts.TOGETHER or name.startswith(facts.INTEREST)
        lines.append(
            Line(
                name,
                words.name_of(name, questions),
                said[0],
                said[1],
                chosen=proposed.get(name, "") if said[0] != said[1] else "",
                both=together and all(said),
            )
        )
    return lines


@blueprint.post("/leads/<int:lead_id>/merge/<int:other_id>")
@requires(Permission.LEADS_QUALIFY)
def merge(lead_id: int, other_id: int) -> ResponseReturnValue:
    actor, form = current_actor(), request.form
    chosen = {
        name.removeprefix("take-"): whose
        for name, whose in form.items()
        if name.startswith("take-") and whose in (merging.KEPT, merging.GONE, merging.BOTH)
    }
    versions = (number(form.get("kept_version")), number(form.get("gone_version")))
    try:
        done = merging.merge(lead_id, other_id, chosen, actor, clock.now(), versions)
    except (Conflict, rules.CannotMerge) as error:
        beside = merging.look(lead_id, other_id, actor, keep=lead_id)
        return show(beside, actor, wrong=error.message), 409
    kept, gone = (session().get_one(Lead, one) for one in (done.kept_id, done.gone_id))
    flash(_("%(gone)s is part of %(kept)s now.", gone=gone.number, kept=kept.number), "success")
    if find_visible(kept.id, actor) is None:
        return go(url_for("duplicates.listing"))
    return go(url_for("desk.lead", lead_id=kept.id))


def number(raw: str | None) -> int:
    """Read a version; anything odd is none."""
    return int(raw) if raw and raw.isdecimal() and len(raw) < 10 else 0


@blueprint.post("/leads/<int:lead_id>/merge/<int:other_id>/different")
@requires(Permission.LEADS_QUALIFY)
def keep_apart(lead_id: int, other_id: int) -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    merging.look(lead_id, other_id, actor)
    pairs.keep_leads_apart(lead_id, other_id, actor, at)
    flash(_("Remembered: they are not the same."))
    return go(url_for("duplicates.listing"))


@blueprint.post("/merges/<int:merge_id>/undo")
@requires(Permission.LEADS_QUALIFY)
def undo(merge_id: int) -> ResponseReturnValue:
    actor = current_actor()
    done = merging.undo(merge_id, actor, clock.now())
    gone = session().get_one(Lead, done.gone_id)
    flash(_("%(number)s is a lead of its own again.", number=gone.number), "success")
    if find_visible(gone.id, actor) is None:
        return go(url_for("duplicates.listing"))
    return go(url_for("desk.lead", lead_id=gone.id))
