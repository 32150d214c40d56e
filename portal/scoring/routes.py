"""Pages of scoring: the rules, one rule, what points lead to, and what became of each source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.catalog.queries import book
from portal.core import clock
from portal.core.errors import Conflict, Invalid, NotFound
from portal.leads.models import Lead
from portal.matching.words import field_name
from portal.scoring import operations, queries, records, views, words
from portal.scoring.definition import RuleKind, Rules, check_rule
from portal.scoring.forms import OF_LEAD, LimitsForm, RuleForm, seen_version
from portal.scoring.rules import FEW
from portal.web.access import requires
from portal.web.filters import spoken
from portal.web.forms import Form
from portal.web.htmx import go

blueprint = Blueprint("scoring", __name__, url_prefix="/scoring")
blueprint.add_app_template_filter(words.signed, "signed_points")

EDIT = Permission.RULES_EDIT


@blueprint.app_template_global("score_proposal")
def score_proposal(lead: Lead) -> views.Proposal | None:
    """Return what the rules propose, for the page that qualifies a lead."""
    return views.propose(lead, clock.now())


@blueprint.app_template_global("buyer_standing")
def buyer_standing(lead: Lead) -> views.Standing | None:
    """Return where the buyer stands, for the page of a lead."""
    return views.stand(lead, clock.now())


def newest() -> tuple[Rules, int]:
    """Return the rules that hold and their version; 0 before there are any."""
    row = queries.find_newest()
    return (queries.read_rules(row), row.version) if row else (Rules(), 0)


@blueprint.get("")
@requires(EDIT)
def page() -> ResponseReturnValue:
    rules, version = newest()
    form = LimitsForm(formdata=None)
    form.show(rules.limits, version)
    return show(form)


def show(form: LimitsForm, trial: operations.Trial | None = None) -> str:
    """Render all rules, with what is typed of the limits and what it would change."""
    rules, version = newest()
    questions = dict(queries.list_questions())
    told = queries.list_versions()
    contents = [queries.read_rules(row) for row, _by in told]
    return render_template(
        "scoring/rules.html",
        form=form,
        trial=trial,
        version=version,
        groups=[
            (
                words.KINDS[kind],
                [
                    (rule, words.describe(rule, questions))
                    for rule in rules.rules
                    if rule.kind is kind
                ],
            )
            for kind in RuleKind
        ],
        kinds=[(str(kind), words.KINDS[kind]) for kind in RuleKind if kind is not RuleKind.LEAD],
        fields=[(str(of), field_name(of)) for of in OF_LEAD],
        proposed=records.count_proposed(),
        versions=[
            (row, by, words.tell_changes(before, now, questions))
            for (row, by), now, before in zip(
                told, contents, [*contents[1:], *contents[-1:]], strict=True
            )
        ],
    )


@blueprint.post("")
@requires(EDIT)
def save() -> ResponseReturnValue:
    """Save what points lead to; with `then` as `try` say only what it would change."""
    form = LimitsForm()
    if not form.validate():
        return show(form), 422
    rules = replace(newest()[0], limits=form.read())
    return store(rules, form, lambda trial: show(form, trial), _("Saved."))


def store(
    rules: Rules, form: Form, again: Callable[[operations.Trial | None], str], said: str
) -> ResponseReturnValue:
    """Save rules that were typed, or try them; `again` shows the page with what was typed."""
    at = clock.now()
    try:
        if request.form.get("then") == "try":
            return again(operations.try_out(rules, at)), 200
        operations.save(rules, seen_version(form), current_actor().id, at)
    except Invalid as error:
        form.take(error)
        return again(None), 422
    except Conflict as conflict:
        form["version"].data = str(newest()[1])
        form.form_errors.append(conflict.message)
        return again(None), 409
    flash(said, "success")
    return go(url_for("scoring.page"))


@blueprint.get("/rules/new")
@requires(EDIT)
def new_rule() -> ResponseReturnValue:
    form = RuleForm(formdata=None)
    form.version.data = str(newest()[1])
    form.of.data = request.args.get("of") or str(RuleKind.ANSWER)
    if form.kind is None:
        raise NotFound()
    return edit(form, None)


def edit(form: RuleForm, key: str | None, trial: operations.Trial | None = None) -> str:
    """Render the form of a rule, a new one where there is no key."""
    form.offer(newest()[0].find(key) if key else None)
    return render_template("scoring/rule.html", form=form, key=key, trial=trial)


@blueprint.post("/rules/new")
@requires(EDIT)
def add_rule() -> ResponseReturnValue:
    return take_rule(None)


@blueprint.get("/rules/<key>")
@requires(EDIT)
def rule(key: str) -> ResponseReturnValue:
    rules, version = newest()
    found = rules.find(key)
    if found is None:
        raise NotFound()
    form = RuleForm(formdata=None)
    form.show(found, version)
    return edit(form, key)


@blueprint.post("/rules/<key>")
@requires(EDIT)
def save_rule(key: str) -> ResponseReturnValue:
    if newest()[0].find(key) is None:
        raise NotFound()
    return take_rule(key)


def take_rule(key: str | None) -> ResponseReturnValue:
    """Save the rule that was typed, or try it."""
    rules, form = newest()[0], RuleForm()
    if form.kind is None:
        raise NotFound()
    form.offer(rules.find(key) if key else None)
    if not form.validate():
        return edit(form, key), 422
    typed = form.read(key or rules.free_key(form.kind))
    if typed is None or (wrong := check_rule(typed)):
        form.take(Invalid(wrong if typed else {}))
        return edit(form, key), 422
    return store(
        rules.with_rule(typed), form, lambda trial: edit(form, key, trial), _("The rule is saved.")
    )


@blueprint.post("/rules/<key>/removal")
@requires(EDIT)
def remove_rule(key: str) -> ResponseReturnValue:
    rules, _version = newest()
    if rules.find(key) is not None:
        operations.save(rules.without(key), None, current_actor().id, clock.now())
        flash(_("The rule is gone. Older versions still say it."))
    return go(url_for("scoring.page"))


@blueprint.post("/versions/<int:version>")
@requires(EDIT)
def bring_back(version: int) -> ResponseReturnValue:
    """Have the rules say again what an older version said, as a version of its own."""
    rules = queries.read_rules(queries.get_version(version))
    operations.save(rules, None, current_actor().id, clock.now())
    flash(_("The rules say again what version %(number)d said.", number=version), "success")
    return go(url_for("scoring.page"))


@blueprint.get("/sources")
@requires(EDIT, Permission.LEADS_QUALIFY, Permission.REPORTS_SEE)
def sources() -> ResponseReturnValue:
    """Show what became of the leads of each source, and what hot, warm and cold were worth."""
    read, entries, locale = records.read_records(), book(), str(get_locale())
    return render_template(
        "scoring/sources.html",
        records=read,
        label=lambda source_id: entries.label(source_id, locale) or _("No source named"),
        differences=[one for one in records.list_differences(clock.now()) if one.leads],
        few=FEW,
        may_edit=current_actor().may(EDIT),
    )


blueprint.add_app_template_filter(spoken(lambda one: words.TEMPERATURES[one]), "temperature_word")
blueprint.add_app_template_filter(spoken(lambda one: words.LIKE[one]), "goes_like")
blueprint.add_app_template_filter(spoken(lambda one: words.SIGNALS[one]), "signal_word")
