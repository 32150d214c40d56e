"""Why nobody suits a lead and what would help, and what a rule lets go of by itself then."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import text

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Conflict
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.matching import doctor, operations, queries, relaxing, versions
from portal.matching.criteria import Criterion
from portal.matching.lead_facts import LeadFacts
from portal.matching.models import DistributionRule
from portal.matching.relaxing_words import tell_step, tell_steps
from portal.matching.words import describe_criterion
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("doctor", __name__)

ROWS = 5
# who said no to a lead stands in a room above
SAID_NO = text("SELECT organisation_id FROM offer_exclusions WHERE lead_id = :lead_id")


@blueprint.get("/leads/<int:lead_id>/doctor")
@requires(Permission.RULES_EDIT)
def of_lead(lead_id: int) -> ResponseReturnValue:
    lead, at = get_visible(lead_id, current_actor()), clock.now()
    rule = queries.find_rule_for(lead)
    without = list(session().scalars(SAID_NO, {"lead_id": lead.id}))
    found = operations.match(lead, at, rule=rule, without=without) if rule else None
    return render_template(
        "matching/doctor.html",
        lead=lead,
        rule=rule,
        found=found,
        relaxed=tell_steps(rule.criteria, found.relaxed) if rule and found else [],
        diagnosis=diagnose(lead, rule, without) if rule else None,
    )


def diagnose(
    lead: Lead, rule: DistributionRule, without: list[int] | None = None
) -> dict[str, Any]:
    """Return what takes partners out and what would let them in, in words."""
    at = clock.now()
    criteria = [Criterion.from_data(data) for data in rule.criteria]
    known = LeadFacts.of(lead, criteria, at)
    said = [describe_criterion(one) for one in doctor.apart(criteria)]
    found = doctor.examine(criteria, known, at, group_id=rule.group_id, without=without or ())
    return {
        "candidates": found.candidates,
        "out": found.out,
        "passed": found.passed,
        "lines": [
            {
                "asks": describe_criterion(one.criterion),
                "forbids": one.criterion.forbidden,
                "out": one.out,
                "alone": one.alone,
                "remedies": [
                    (describe_criterion(remedy.milder) if remedy.milder else "", remedy.brings)
                    for remedy in one.remedies
                    if remedy.brings
                ],
            }
            for one in found.findings
        ],
        "pairs": [(said[one], said[other], brings) for one, other, brings in found.pairs],
    }


@blueprint.get("/rules/<int:rule_id>/relaxing")
@requires(Permission.RULES_EDIT)
def relaxing_page(rule_id: int) -> ResponseReturnValue:
    return render(rule_id)


def render(rule_id: int, said: str = "") -> str:
    """Render the order in which a rule lets go; `said` is why it was not saved."""
    standing = versions.stand(queries.get_rule(rule_id))
    content = standing.newest.content
    chosen = [choice_of(step) for step in content.get("relaxing", ())]
    return render_template(
        "matching/relaxing.html",
        standing=standing,
        said=said,
        steps=tell_steps(content["criteria"], content.get("relaxing", ())),
        rows=[*chosen, *[""] * ROWS][: max(ROWS, len(chosen) + 1)],
        choices=choices_of(content["criteria"]),
    )


def choice_of(step: relaxing.Step) -> str:
    """Return the value by which a step is chosen."""
    return f"{step['clause']}-{step['how']}"


def choices_of(criteria: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return all steps that there are for criteria, with their words."""
    found = []
    for clause, data in enumerate(criteria):
        one = Criterion.from_data(data)
        for how in relaxing.ways(one):
            eased: list[Criterion | None] = [one]
            relaxing.take(eased, {"clause": 0, "how": how})
            found.append((f"{clause}-{how}", tell_step(one, eased[0], how)))
    return found


@blueprint.post("/rules/<int:rule_id>/relaxing")
@requires(Permission.RULES_EDIT)
def save_relaxing(rule_id: int) -> ResponseReturnValue:
    """Save what is let go, and in which order, as a draft of the rule."""
    standing = versions.stand(queries.get_rule(rule_id))
    criteria = standing.newest.content["criteria"]
    known = {value for value, _words in choices_of(criteria)}
    steps = []
    for value in request.form.getlist("step")[: relaxing.MOST_STEPS]:
        if value in known:
            clause, _dash, how = value.partition("-")
            kind = criteria[int(clause)]["kind"]
            steps.append({"clause": int(clause), "how": how, "kind": kind})
    seen = request.form.get("seen", "")
    try:
        versions.save(
            rule_id,
            int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else 0,
            {**standing.newest.content, "relaxing": steps},
            clock.now(),
            current_actor().id,
        )
    except Conflict as conflict:
        return render(rule_id, conflict.message), 409
    flash(_("It stands in the draft of the rule. It holds once you activate it."), "success")
    return go(url_for("matching.rule", rule_id=rule_id))
