"""Pages of the distribution rules: the list in order, the editor, the preview."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.leads import own_fields
from portal.leads.contest_words import contest_in_words
from portal.matching import operations, queries, rulebook, versions
from portal.matching.criteria import FIXED_FIELDS, Condition, Criterion, Kind
from portal.matching.forms import PLAIN, RuleForm, rule_form
from portal.matching.models import DistributionRule
from portal.matching.names import place
from portal.matching.operations import contest_of, contest_of_type
from portal.matching.rules import fits_lead
from portal.matching.versions import Standing
from portal.matching.words import (
    describe_condition,
    describe_criterion,
    kind_name,
    name_emptier,
    tell_excluded,
    tell_fit,
    why,
)
from portal.web.access import requires
from portal.web.htmx import go, wants_fragment

blueprint = Blueprint("matching", __name__)

SHOWN = 20


@blueprint.get("/rules")
@requires(Permission.RULES_EDIT)
def rules() -> ResponseReturnValue:
    standings = versions.stand_all()
    lines = [
        {
            "rule": rule,
            "standing": standings.get(rule.id),
            "conditions": [describe_condition(Condition.from_data(c)) for c in rule.conditions],
            "musts": [describe_criterion(c) for c in _criteria(rule) if c.required],
            "points": [
                (describe_criterion(c), round(c.weight)) for c in _criteria(rule) if not c.required
            ],
            "contest": contest_in_words(found) if (found := contest_of(rule)) else "",
        }
        for rule in queries.list_rules()
    ]
    return render_template("matching/rules.html", lines=lines)


def _criteria(rule: DistributionRule) -> list[Criterion]:
    return [Criterion.from_data(data) for data in rule.criteria]


@blueprint.get("/rules/new")
@requires(Permission.RULES_EDIT)
def new_rule() -> ResponseReturnValue:
    return editor(make_form(None), None)


@blueprint.post("/rules/new")
@requires(Permission.RULES_EDIT)
def add_rule() -> ResponseReturnValue:
    form = make_form()
    if not form.validate():
        return editor(form, None), 422
    try:
        rule = rulebook.add_rule(form.draft(), clock.now(), current_actor().id, active=False)
    except Invalid as error:
        form.take(error)
        return editor(form, None), 422
    flash(_("“%(name)s” is saved as a draft. It holds once it is activated.", name=rule.name))
    return go(url_for("matching.rule", rule_id=rule.id))


@blueprint.get("/rules/<int:rule_id>")
@requires(Permission.RULES_EDIT)
def rule(rule_id: int) -> ResponseReturnValue:
    standing = versions.stand(queries.get_rule(rule_id))
    form = make_form(versions.rule_of(standing.newest.content))
    form.version.data = str(standing.newest.number)
    return editor(form, standing, preview_of(form))


@blueprint.post("/rules/<int:rule_id>")
@requires(Permission.RULES_EDIT)
def save_rule(rule_id: int) -> ResponseReturnValue:
    standing = versions.stand(queries.get_rule(rule_id))
    form = make_form(of=versions.rule_of(standing.newest.content))
    if not form.validate():
        return editor(form, standing), 422
    try:
        seen = str(form.version.data)[:9]
        number = int(seen) if seen.isdecimal() else 0
        typed, by = form.draft(), current_actor().id
        saved = rulebook.save_rule(rule_id, number, typed, clock.now(), by)
    except Invalid as error:
        form.take(error)
        return editor(form, standing), 422
    except Conflict as error:
        form.form_errors.append(error.message)
        # seen now: the next press of Save is meant
        form.version.data = str(error.facts["version"])
        return editor(form, standing), 409
    if saved is standing.newest:
        flash(_("Nothing was different."))
    else:
        flash(_("Saved as a draft. What is active stays until the draft is activated."), "success")
    return go(url_for("matching.rule", rule_id=rule_id))


@blueprint.post("/rules/new/preview")
@requires(Permission.RULES_EDIT)
def preview_new() -> ResponseReturnValue:
    return preview(None)


@blueprint.post("/rules/<int:rule_id>/preview")
@requires(Permission.RULES_EDIT)
def preview_rule(rule_id: int) -> ResponseReturnValue:
    return preview(versions.stand(queries.get_rule(rule_id)))


def preview(standing: Standing | None) -> ResponseReturnValue:
    """Render the preview of what was typed, alone for htmx, else with the editor."""
    form = make_form(of=versions.rule_of(standing.newest.content) if standing else None)
    shown = None
    if form.validate():
        try:
            rulebook.check_rule(form.draft())
            shown = preview_of(form)
        except Invalid as error:
            form.take(error)
    if wants_fragment():
        return render_template("matching/_preview.html", preview=shown, form=form)
    return editor(form, standing, shown), 200 if shown else 422


@blueprint.post("/rules/<int:rule_id>/switch")
@requires(Permission.RULES_EDIT)
def switch_rule(rule_id: int) -> ResponseReturnValue:
    rulebook.switch_rule(rule_id, request.form.get("active") == "on", clock.now())
    return go(url_for("matching.rules"))


@blueprint.post("/rules/<int:rule_id>/move")
@requires(Permission.RULES_EDIT)
def move_rule(rule_id: int) -> ResponseReturnValue:
    rulebook.move_rule(rule_id, -1 if request.form.get("to") == "up" else 1, clock.now())
    return go(url_for("matching.rules"))


@blueprint.get("/rules/<int:rule_id>/deletion")
@requires(Permission.RULES_EDIT)
def deletion(rule_id: int) -> ResponseReturnValue:
    return render_template("matching/delete.html", rule=queries.get_rule(rule_id))


@blueprint.post("/rules/<int:rule_id>/deletion")
@requires(Permission.RULES_EDIT)
def delete_rule(rule_id: int) -> ResponseReturnValue:
    name = queries.get_rule(rule_id).name
    rulebook.delete_rule(rule_id, clock.now())
    flash(_("The rule %(name)s is gone.", name=name))
    return go(url_for("matching.rules"))


def make_form(*shown: DistributionRule | None, of: DistributionRule | None = None) -> RuleForm:
    """Return the form: with what was typed of a rule, or showing one (None: a new one)."""
    of = shown[0] if shown else of
    form = rule_form(of, fresh=bool(shown))
    form.offer()
    if shown:
        form.show(shown[0])
    return form


def preview_of(form: RuleForm) -> dict[str, Any]:
    """Return who would get the chosen lead, in which order and why. No contact data."""
    number = (form.lead.data or "").strip()
    lead = queries.find_sample_lead(number)
    if lead is None:
        return {"lead": None, "asked": number}
    draft = form.draft()
    # what she may not see of this lead doesn't show through the rule, either
    own = own_fields.load(lead, current_actor())
    found = operations.match(lead, clock.now(), rule=draft.as_rule())
    firms = queries.list_firms([m.organisation_id for m in found.partners[:SHOWN]])
    emptier = "" if found.partners else name_emptier(found.excluded)
    return {
        "lead": lead,
        "place": ", ".join(part for part in (lead.city, place(lead.country, None)) if part),
        "fits": fits_lead(draft.conditions, lead, queries.with_fields(own)),
        "contest": contest_in_words(draft.contest or contest_of_type(lead)),
        "total": len(found.partners),
        "candidates": found.candidates,
        "partners": [
            {
                "id": matched.organisation_id,
                "name": firms[matched.organisation_id].organisation.name,
                "city": firms[matched.organisation_id].city,
                "fit": tell_fit(matched.score, matched.explanation),
                "why": why(matched.explanation),
            }
            for matched in found.partners[:SHOWN]
        ],
        "excluded": tell_excluded(found.excluded),
        "emptier": tell_excluded({emptier: found.excluded[emptier]})[0] if emptier else "",
    }


def editor(form: RuleForm, standing: Standing | None, shown: dict[str, Any] | None = None) -> str:
    """Render the editor of a rule."""
    action = url_for("matching.add_rule")
    if standing:
        action = url_for("matching.save_rule", rule_id=standing.rule.id)
    return render_template(
        "matching/rule.html",
        form=form,
        standing=standing,
        action=action,
        preview_url=f"{action}/preview",
        fields=[form[f"if_{of}"] for of in FIXED_FIELDS],
        own=form.own_conditions(),
        criteria=[
            {
                "name": kind_name(kind),
                "mode": form[f"mode_{kind}"],
                "weight": form[f"weight_{kind}"],
                "more": form[MORE[kind]]
                if kind in MORE and (kind is not Kind.OWN or form.own_answers.choices)
                else None,
                "spans": form.own_spans() if kind is Kind.OWN else (),
            }
            for kind in PLAIN
            # who keeps nothing of the kind is not asked for it
            if kind is not Kind.OWN or form.own_answers.choices or form.partner_own
        ],
        preview=shown,
    )


# the field of a criterion that asks for more than its mode and weight
MORE = {
    Kind.REGION: "region_within",
    Kind.RADIUS: "radius_km",
    Kind.SPECIALISATION: "specialisation_ids",
    Kind.CERTIFICATION: "certification_ids",
    Kind.LEVEL: "level_id",
    Kind.OWN: "own_answers",
}
