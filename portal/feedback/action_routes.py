"""The pages of what the vendor does with a lead himself: what it asks for, and doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission as P
from portal.catalog.queries import book, short_key
from portal.core import clock
from portal.core.config import Settings
from portal.core.errors import Conflict, Invalid
from portal.feedback import actions, again
from portal.feedback.action_rules import ANSWER_OF, WORDS, Action
from portal.feedback.actions import PURPOSE
from portal.feedback.forms import read_answer
from portal.leads.queries import get_visible
from portal.pickup.questions import OwnInput, Reasons, own_inputs, planned_words, products_of
from portal.timeline.rules import ActivitiesOpen
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("lead_actions", __name__)

MAY = (P.BOARD_SEE, P.LEADS_QUALIFY)
KEYS = "any('begin', 'put-back', 'win', 'lose', 'cancel', 'delete', 'take-back', 'revive')"


@dataclass(frozen=True, slots=True)
class Ending:
    """What the fields of `macros/answers.html` are filled with."""

    open: str
    currency: str
    reasons: Reasons
    products: Reasons
    competitors: Reasons
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    planned: Sequence[str] = field(default_factory=tuple)
    own: Sequence[OwnInput] = ()


@blueprint.get(f"/leads/<int:lead_id>/actions/<{KEYS}:key>")
@requires(*MAY)
def page(lead_id: int, key: str) -> ResponseReturnValue:
    return show(Action(key), lead_id, {}, {})


def show(
    action: Action,
    lead_id: int,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    said: str = "",
) -> str:
    """Render what an action asks for, with what was typed. Raises as `actions.ask`."""
    actor = current_actor()
    asked = actions.ask(action, lead_id, actor, clock.now())
    lead, pickup, locale = asked.lead, asked.pickup, str(get_locale())
    settings: Settings = current_app.config["SETTINGS"]
    answer = ANSWER_OF.get(action)
    purpose = PURPOSE.get(answer) if answer else None
    ending = Ending(
        open=answer or "",
        currency=settings.currency,
        reasons=[(short_key(one), one.label(locale)) for one in book().reasons(purpose)]
        if purpose
        else (),
        products=products_of(lead.product_ids),
        competitors=book().choices("competitor", locale),
        values=values,
        errors={name: [text] for name, text in errors.items()},
        planned=[planned_words(one) for one in asked.planned],
        own=own_inputs(asked.own, values),
    )
    return render_template(
        "feedback/action.html",
        action=action,
        heading=str(WORDS[action]),
        lead=lead,
        question=ending,
        answer=answer,
        seen=pickup.id if pickup else 0,
        holder=asked.holder,
        held=pickup is not None,
        needed=asked.needed,
        said=said,
        until=asked.until,
    )


@blueprint.post(f"/leads/<int:lead_id>/actions/<{KEYS}:key>")
@requires(*MAY)
def take(lead_id: int, key: str) -> ResponseReturnValue:
    action = Action(key)
    if action in ANSWER_OF:
        return finish(action, lead_id)
    actor, at = current_actor(), clock.now()
    if action == Action.DELETE:
        number = actions.delete_lead(lead_id, actor, at)
        flash(_("%(number)s is deleted.", number=number))
        return go(url_for("qualification.qualify" if actor.may(P.LEADS_QUALIFY) else "desk.board"))
    lead = VERBS[action](lead_id, actor, at)
    flash(said_of(action, lead.number), "success")
    return go(url_for("desk.lead", lead_id=lead_id))


VERBS: dict[Action, Callable[..., Any]] = {
    Action.BEGIN: actions.begin,
    Action.PUT_BACK: actions.put_back,
    Action.TAKE_BACK: again.take_back,
    Action.REVIVE: again.revive,
}


def finish(action: Action, lead_id: int) -> ResponseReturnValue:
    """Win, lose or cancel; what was typed stays where something is missing or changed."""
    typed = {**request.form.to_dict(), "status": str(ANSWER_OF[action])}
    raw = typed.get("seen", "")
    seen = int(raw) if raw.isdecimal() and len(raw) < 18 else None
    actor, at = current_actor(), clock.now()
    try:
        given = actions.finish(action, lead_id, read_answer(typed), actor, at, seen=seen)
    except Invalid as error:
        return show(action, lead_id, typed, error.errors), 422
    except (Conflict, ActivitiesOpen) as refusal:
        said = "" if isinstance(refusal, ActivitiesOpen) else refusal.message
        return show(action, lead_id, typed, {}, said), refusal.status
    flash(said_of(action, get_visible(given.lead_id, actor).number), "success")
    return go(url_for("desk.lead", lead_id=lead_id))


def said_of(action: Action, number: str) -> str:
    """Return what happened, as the next page says it."""
    said: dict[Action, str] = {
        Action.BEGIN: _("%(number)s stays with us. It is in progress.", number=number),
        Action.PUT_BACK: _("%(number)s stands ready for partners again.", number=number),
        Action.WIN: _("%(number)s is won.", number=number),
        Action.LOSE: _("%(number)s is lost.", number=number),
        Action.CANCEL: _("%(number)s is cancelled.", number=number),
        Action.TAKE_BACK: _("%(number)s is as it was before.", number=number),
        Action.REVIVE: _("%(number)s waits to be qualified again.", number=number),
    }
    return said[action]
