"""Pages of the distribution rules: the list in order, the editor, the preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.leads import own_fields
from portal.leads.contest_words import contest_in_words
from portal.leads.models import Lead
from portal.matching import operations, preview_map, queries, rulebook, sentence, versions
from portal.matching.criteria import FIXED_FIELDS, Condition, Field
from portal.matching.doctor_routes import diagnose
from portal.matching.forms import RuleForm, begun_with, rule_form
from portal.matching.models import DistributionRule
from portal.matching.names import place
from portal.matching.operations import contest_of, contest_of_type
from portal.matching.relaxing_words import tell_steps
from portal.matching.rulebook import RuleDraft
from portal.matching.rules import fits_lead
from portal.matching.versions import Standing
from portal.matching.words import (
    name_emptier,
    tell_excluded,
    tell_fit,
    why,
)
from portal.web.access import requires
from portal.web.htmx import go, wants_fragment

blueprint = Blueprint("matching", __name__)

SHOWN = 20
SAMPLES = 50
"""So many leads are looked at for one that a rule is for."""


@blueprint.get("/rules")
@requires(Permission.RULES_EDIT)
def rules() -> ResponseReturnValue:
    standings = versions.stand_all()
    lines = [
        {
            "rule": rule,
            "standing": standings.get(rule.id),
            "said": sentence.tell(versions.content_of(rule)),
            "contest": contest_in_words(found) if (found := contest_of(rule)) else "",
        }
        for rule in queries.list_rules()
    ]
    return render_template("matching/rules.html", lines=lines)


@blueprint.get("/rules/new")
@requires(Permission.RULES_EDIT)
def new_rule() -> ResponseReturnValue:
    return editor(make_form(None), None)


@blueprint.post("/rules/new")
@requires(Permission.RULES_EDIT)
def add_rule() -> ResponseReturnValue:
    form = sent_form(None)
    if wanted := request.form.get("do"):
        return arranged(form, None, wanted)
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
    form.version.data = form.lines_of.data = str(standing.newest.number)
    return editor(form, standing, preview_of(form, standing))


@blueprint.post("/rules/<int:rule_id>")
@requires(Permission.RULES_EDIT)
def save_rule(rule_id: int) -> ResponseReturnValue:
    standing = versions.stand(queries.get_rule(rule_id))
    form = sent_form(standing)
    if wanted := request.form.get("do"):
        return arranged(form, standing, wanted)
    if not form.validate():
        return editor(form, standing), 422
    try:
        typed, by = drafted(form, standing), current_actor().id
        saved = rulebook.save_rule(rule_id, form.seen, typed, clock.now(), by)
    except Invalid as error:
        form.take(error)
        return editor(form, standing), 422
    except Conflict as error:
        form.form_errors.append(error.message)
        # seen now: the next press of Save is meant; its lines are those of before
        form.lines_of.data = str(form.begun_with)
        form.version.data = str(error.facts["version"])
        return editor(form, standing), 409
    if saved is standing.newest:
        flash(_("Nothing was different."))
    else:
        flash(_("Saved as a draft. What is active stays until the draft is activated."), "success")
    return go(url_for("matching.rule", rule_id=rule_id))


def arranged(form: RuleForm, standing: Standing | None, wanted: str) -> ResponseReturnValue:
    """Render the form with its criteria rearranged, these alone for htmx; nothing is saved."""
    form.arrange(wanted)
    if not wants_fragment():
        return editor(form, standing)
    answer = make_response(
        render_template("matching/_criteria.html", form=form, action=address_of(standing))
    )
    answer.headers["HX-Trigger-After-Settle"] = "criteria-changed"
    return answer


def address_of(standing: Standing | None) -> str:
    """Return where the editor of a rule is sent."""
    if standing is None:
        return url_for("matching.add_rule")
    return url_for("matching.save_rule", rule_id=standing.rule.id)


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
    form = sent_form(standing)
    shown = None
    if form.validate():
        try:
            rulebook.check_rule(form.draft())
            shown = preview_of(form, standing)
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
    return render_template(
        "matching/delete.html",
        rule=queries.get_rule(rule_id),
        traces=rulebook.find_traces(rule_id),
    )


@blueprint.post("/rules/<int:rule_id>/deletion")
@requires(Permission.RULES_EDIT)
def delete_rule(rule_id: int) -> ResponseReturnValue:
    name = queries.get_rule(rule_id).name
    rulebook.delete_rule(rule_id, clock.now())
    flash(_("The rule %(name)s is gone.", name=name))
    return go(url_for("matching.rules"))


def make_form(shown: DistributionRule | None) -> RuleForm:
    """Return the form showing a rule, or what a new one starts from."""
    form = rule_form([shown] if shown else [], fresh=True)
    form.offer()
    form.show(shown)
    return form


def sent_form(standing: Standing | None) -> RuleForm:
    """Return the form with what was typed.

    It keeps what the rule names now, and what it named where the form began: another may have
    saved it without that meanwhile.
    """
    around = []
    if standing is not None:
        newest, number = standing.newest, begun_with(request.form)
        begun = versions.find_version(standing.rule.id, number)
        around = [newest] if begun is None or begun is newest else [newest, begun]
    form = rule_form([versions.rule_of(one.content) for one in around])
    form.offer()
    return form


def drafted(form: RuleForm, standing: Standing | None) -> RuleDraft:
    """Return what was typed; what the rule lets go follows the lines that the form began with."""
    if standing is None:
        return form.draft()
    begun = versions.find_version(standing.rule.id, form.begun_with) or standing.newest
    return form.draft(begun.content)


def preview_of(form: RuleForm, standing: Standing | None) -> dict[str, Any]:
    """Return who would get the chosen lead, in which order and why. No contact data.

    What the rule lets go in need, it lets go here, too.
    """
    number = (form.lead.data or "").strip()
    draft = drafted(form, standing)
    lead = queries.find_lead(number) if number else find_sample(draft.conditions)
    if lead is None:
        return {"lead": None, "asked": number}
    found = operations.match(lead, clock.now(), rule=draft.as_rule())
    best = [matched.organisation_id for matched in found.partners[: preview_map.MOST]]
    firms = queries.list_firms(best)
    emptier = "" if found.partners else name_emptier(found.excluded)
    return {
        "lead": lead,
        "said": sentence.tell_of(draft.conditions, draft.criteria, draft.group_id),
        "place": ", ".join(part for part in (lead.city, place(lead.country, None)) if part),
        "fits": bool(meant(draft.conditions, [lead])),
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
        "map": preview_map.draw(lead, draft.criteria, firms),
        "excluded": tell_excluded(found.excluded),
        "relaxed": tell_steps(draft.as_rule().criteria, found.relaxed),
        "diagnosis": None if found.partners else diagnose(lead, draft.as_rule()),
        "emptier": tell_excluded({emptier: found.excluded[emptier]})[0] if emptier else "",
    }


def find_sample(conditions: Sequence[Condition]) -> Lead | None:
    """Return the newest lead that a rule is for, ready or on offer; else the newest of these."""
    samples = queries.list_samples(SAMPLES)
    return next(iter(meant(conditions, samples)), samples[0] if samples else None)


def meant(conditions: Sequence[Condition], leads: Sequence[Lead]) -> list[Lead]:
    """Return the leads that meet the conditions, by what the reader may see of them."""
    asked = any(one.field is Field.OWN for one in conditions)
    own = own_fields.load_all(leads, current_actor()) if asked else {}
    return [
        lead
        for lead in leads
        if fits_lead(conditions, lead, queries.with_fields(own.get(lead.id, {})))
    ]


def editor(form: RuleForm, standing: Standing | None, shown: dict[str, Any] | None = None) -> str:
    """Render the editor of a rule."""
    action = address_of(standing)
    return render_template(
        "matching/rule.html",
        form=form,
        standing=standing,
        action=action,
        preview_url=f"{action}/preview",
        fields=[form[f"if_{of}"] for of in FIXED_FIELDS],
        own=form.own_conditions(),
        preview=shown,
    )
