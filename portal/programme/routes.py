"""Pages of the programme: for who runs it, and for the firms that take part."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.actor import Actor, current_actor
from portal.accounts.models import PARTNER_KINDS, Organisation
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import AnyRow, session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.people.regions import name_of
from portal.programme import operations, queries
from portal.programme.forms import GoalForm, ReferralForm, TermsForm, TerritoriesForm, goal_form
from portal.programme.models import Goal, GoalKind, TermsKind
from portal.programme.words import GOALS, TERMS, narrowed_to, progress_in_words, text_of
from portal.web import maps, outlines
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("programme", __name__)
SEE, EDIT = Permission.BOARD_SEE, Permission.RULES_EDIT
KINDS = "<any(programme, referral):key>"


@blueprint.app_template_global("terms_asked")
def terms_asked() -> queries.Asked | None:
    """Return the terms that the reader's firm has still to agree to."""
    return queries.terms_asked(current_actor(), clock.now())


@blueprint.get("/programme")
@requires(SEE)
def page() -> ResponseReturnValue:
    at = clock.now()
    goals = [queries.progress_of(goal, at) for goal in queries.list_goals(at)]
    coverage = queries.list_coverage(at)
    return render_template(
        "programme/programme.html",
        goals=[
            {
                "goal": one.goal,
                "what": GOALS[GoalKind(one.goal.kind)],
                "of": narrowed_to(one.goal),
                "words": progress_in_words(one),
                "share": min(round(one.share * 100), 100),
                "behind": one.behind and not one.over,
            }
            for one in goals
        ],
        coverage=[(name_of(one.code) if one.code else _("Elsewhere"), one) for one in coverage],
        map=maps.draw((), regions=outlines.find(one.code for one in coverage if one.code)),
        terms=[
            (kind, words, queries.find_terms(kind), queries.count_agreed(kind))
            for kind, words in TERMS.items()
        ],
        referrals=queries.list_referrals(),
        may_edit=current_actor().may(EDIT),
    )


# -- goals ------------------------------------------------------------------------------------


@blueprint.get("/programme/goals/new")
@requires(EDIT)
def new_goal() -> ResponseReturnValue:
    return show_goal(goal_form(None, sent=False), None)


@blueprint.post("/programme/goals/new")
@requires(EDIT)
def set_goal() -> ResponseReturnValue:
    return take_goal(None)


@blueprint.get("/programme/goals/<int:goal_id>")
@requires(EDIT)
def goal(goal_id: int) -> ResponseReturnValue:
    found = queries.get_goal(goal_id)
    return show_goal(goal_form(found, sent=False), found)


@blueprint.post("/programme/goals/<int:goal_id>")
@requires(EDIT)
def save_goal(goal_id: int) -> ResponseReturnValue:
    return take_goal(queries.get_goal(goal_id))


@blueprint.post("/programme/goals/<int:goal_id>/removal")
@requires(EDIT)
def remove_goal(goal_id: int) -> ResponseReturnValue:
    operations.remove_goal(goal_id, clock.now())
    flash(_("The goal is gone."))
    return go(url_for("programme.page"))


def take_goal(found: Goal | None) -> ResponseReturnValue:
    """Save what was typed of a goal."""
    form = goal_form(found, sent=True)
    if not form.validate():
        return show_goal(form, found), 422
    try:
        operations.save_goal(form.draft(), clock.now(), found.id if found else None)
    except Invalid as error:
        form.take(error)
        return show_goal(form, found), 422
    flash(_("The goal is set."), "success")
    return go(url_for("programme.page"))


def show_goal(form: GoalForm, found: Goal | None) -> str:
    """Render the form of a goal."""
    return render_template("programme/goal.html", form=form, goal=found)


# -- territories ------------------------------------------------------------------------------


@blueprint.get("/programme/territories")
@requires(EDIT)
def territories() -> ResponseReturnValue:
    form = TerritoriesForm(formdata=None)
    kept = queries.list_coverage(clock.now())
    form.territories.data = "\n".join(f"{one.code} {one.wanted}" for one in kept if one.code)
    return render_template("programme/territories.html", form=form)


@blueprint.post("/programme/territories")
@requires(EDIT)
def save_territories() -> ResponseReturnValue:
    form = TerritoriesForm()
    try:
        if form.validate():
            operations.save_territories(form.wanted(), clock.now())
    except Invalid as error:
        form.take(error)
    if form.errors:
        return render_template("programme/territories.html", form=form), 422
    flash(_("The territories are saved."), "success")
    return go(url_for("programme.page"))


# -- terms, for who runs the programme --------------------------------------------------------


@blueprint.get(f"/programme/terms/{KINDS}")
@requires(SEE)
def terms(key: str) -> ResponseReturnValue:
    newest = queries.find_terms(TermsKind(key))
    return render_template(
        "programme/terms.html",
        kind=key,
        title=TERMS[TermsKind(key)],
        newest=newest,
        text=text_of(newest) if newest else "",
        versions=queries.list_terms(TermsKind(key)),
        firms=queries.list_agreement(newest.id) if newest and key == TermsKind.PROGRAMME else [],
        may_edit=current_actor().may(EDIT),
    )


@blueprint.get(f"/programme/terms/{KINDS}/<int:number>")
@requires(SEE)
def version(key: str, number: int) -> ResponseReturnValue:
    found = queries.get_terms(TermsKind(key), number)
    return render_template(
        "programme/terms_version.html",
        kind=key,
        title=TERMS[TermsKind(key)],
        terms=found,
    )


@blueprint.get(f"/programme/terms/{KINDS}/new")
@requires(EDIT)
def new_terms(key: str) -> ResponseReturnValue:
    form, newest = TermsForm(formdata=None), queries.find_terms(TermsKind(key))
    if newest is not None:
        form.show(newest.texts)
    return show_new_terms(key, form)


@blueprint.post(f"/programme/terms/{KINDS}/new")
@requires(EDIT)
def publish_terms(key: str) -> ResponseReturnValue:
    form = TermsForm()
    if not form.validate():
        return show_new_terms(key, form), 422
    try:
        made = operations.publish_terms(
            TermsKind(key), form.texts(), form.binding_from.data, current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return show_new_terms(key, form), 422
    flash(_("Version %(number)s is published.", number=made.number), "success")
    return go(url_for("programme.terms", key=key))


def show_new_terms(kind: str, form: TermsForm) -> str:
    """Render the form of a new version."""
    if kind == TermsKind.REFERRAL and "binding_from" in form:
        del form.binding_from
    return render_template(
        "programme/terms_new.html", kind=kind, title=TERMS[TermsKind(kind)], form=form
    )


# -- referral partners, for who runs the programme --------------------------------------------


@blueprint.get("/programme/referrals")
@requires(SEE)
def referrals() -> ResponseReturnValue:
    return show_referrals(ReferralForm(formdata=None))


@blueprint.post("/programme/referrals")
@requires(EDIT)
def sign_up() -> ResponseReturnValue:
    form = ReferralForm()
    form.offer(list_firms())
    if not form.validate():
        return show_referrals(form), 422
    try:
        operations.join_referral(
            int(form.organisation_id.data), form.only_refers.data, current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return show_referrals(form), 422
    flash(_("The firm refers leads from now on."), "success")
    return go(url_for("programme.referrals"))


@blueprint.post("/programme/referrals/<int:organisation_id>/end")
@requires(EDIT)
def end_referral(organisation_id: int) -> ResponseReturnValue:
    operations.leave_referral(organisation_id, current_actor(), clock.now())
    return go(url_for("programme.referrals"))


def show_referrals(form: ReferralForm) -> str:
    """Render who refers leads."""
    form.offer(list_firms())
    return render_template(
        "programme/referrals.html",
        form=form,
        referrals=queries.list_referrals(),
        may_edit=current_actor().may(EDIT),
    )


def list_firms() -> list[AnyRow]:
    """Return the active partners by name."""
    firms = select(Organisation.id, Organisation.name).where(
        Organisation.kind.in_(PARTNER_KINDS), Organisation.active
    )
    return list(session().execute(firms.order_by(func.lower(Organisation.name))).all())


# -- for the firms that take part -------------------------------------------------------------


@blueprint.get("/terms")
@requires(Permission.OFFERS_SEE, Permission.PICKUPS_SEE_FIRM)
def own_terms() -> ResponseReturnValue:
    return show_own_terms(partner())


@blueprint.post("/terms/<int:terms_id>/acceptance")
@requires(Permission.PICKUPS_SEE_FIRM)
def accept_terms(terms_id: int) -> ResponseReturnValue:
    actor = partner()
    try:
        operations.accept_terms(terms_id, actor, clock.now())
    except Conflict as error:
        return show_own_terms(actor, error.message), 409
    flash(_("Thank you. Your firm has agreed."), "success")
    return go(url_for("programme.own_terms"))


def partner() -> Actor:
    """Return who asks, of a partner. Raises `NotFound`."""
    actor = current_actor()
    if not actor.is_partner:
        raise NotFound()
    return actor


def show_own_terms(actor: Actor, problem: str = "") -> str:
    """Render the terms, and whether the reader's firm has agreed."""
    newest = queries.find_terms(TermsKind.PROGRAMME)
    return render_template(
        "programme/own_terms.html",
        terms=newest,
        text=text_of(newest) if newest else "",
        agreed=queries.find_acceptance(newest.id, actor.organisation_id) if newest else None,
        may_agree=actor.may(Permission.PICKUPS_SEE_FIRM),
        problem=problem,
    )


@blueprint.get("/referring")
@requires(Permission.OFFERS_SEE, Permission.PICKUPS_SEE_FIRM)
def referring() -> ResponseReturnValue:
    actor = partner()
    newest = queries.find_terms(TermsKind.REFERRAL)
    return render_template(
        "programme/referring.html",
        terms=newest,
        text=text_of(newest) if newest else "",
        part=queries.find_referral(actor.organisation_id),
        may_join=actor.may(Permission.PICKUPS_SEE_FIRM),
    )


@blueprint.post("/referring")
@requires(Permission.PICKUPS_SEE_FIRM)
def join() -> ResponseReturnValue:
    actor = partner()
    before = queries.find_referral(actor.organisation_id)
    only = before.only_refers if before else False
    operations.join_referral(actor.organisation_id, only, actor, clock.now())
    flash(_("Thank you. What your firm brings from now on is a referral."), "success")
    return go(url_for("programme.referring"))


@blueprint.post("/referring/end")
@requires(Permission.PICKUPS_SEE_FIRM)
def leave() -> ResponseReturnValue:
    actor = partner()
    operations.leave_referral(actor.organisation_id, actor, clock.now())
    flash(_("Your firm doesn’t refer leads any more. What it brought stays."))
    return go(url_for("programme.referring"))
