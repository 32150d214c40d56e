"""Pages of deadline policies: all of them, one of them, the standard, retirement, the file.

Which policy is used where has pages of its own (`policy_use_routes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.deadlines import operations, telling, words
from portal.deadlines.forms import PolicyForm
from portal.deadlines.models import DeadlinePolicy
from portal.deadlines.operations import StandardStays
from portal.deadlines.queries import (
    get_newest,
    list_overflow_units,
    list_policies,
    list_versions,
)
from portal.deadlines.ready_made import FULL, STANDARD
from portal.deadlines.rules import terms_of
from portal.leads import policies as kept
from portal.leads.policies import PolicyNamed
from portal.matching.policy_file import KEPT
from portal.matching.policy_uses import uses_by_policy
from portal.web.access import requires
from portal.web.htmx import go, wants_fragment
from portal.web.kept_files import FileForm, Sent, give, take_sent

blueprint = Blueprint("deadlines", __name__, url_prefix="/deadlines")

EDIT = Permission.RULES_EDIT
CHANGES = {"added": _l("new"), "changed": _l("changed"), "retired": _l("retired")}
"""What a file makes of policies."""


@blueprint.get("")
@requires(EDIT)
def policies() -> ResponseReturnValue:
    return show()


def show(sent: Sent | None = None) -> str:
    """Render all policies, with what of a file can't be used, or what it would change."""
    found = [(one, terms_of(one)) for one in list_policies()]
    units = list_overflow_units(closed=True)
    shown = sent or Sent(FileForm(formdata=None))
    return render_template(
        "deadlines/policies.html",
        policies=[
            (one, telling.expectations(terms), telling.besides(terms, units))
            for one, terms in found
            if one.in_use
        ],
        retired=[one for one, _terms in found if not one.in_use],
        named=kept.types_by_policy(),
        used=uses_by_policy(),
        form=shown.form,
        opened=sent is not None,
        wrong=shown.wrong,
        changes=shown.changes,
        kinds=CHANGES,
    )


# no key has a hyphen in it, so neither address is ever taken for that of a policy
@blueprint.get("/new-one")
@requires(EDIT)
def new_policy() -> ResponseReturnValue:
    form = PolicyForm(formdata=None)
    form.show(replace(FULL.terms[STANDARD], name=""), 0, list_overflow_units())
    return edit(form, None)


@blueprint.post("/new-one")
@requires(EDIT)
def add_policy() -> ResponseReturnValue:
    form = typed_form(None)
    if wanted := request.form.get("do"):
        return arranged(form, None, wanted)
    if not form.validate():
        return edit(form, None), 422
    try:
        made = operations.add(form.read(), current_actor().id, clock.now())
    except Invalid as error:
        form.take(error)
        return edit(form, None), 422
    flash(_("The policy “%(name)s” is there. A lead type can name it now.", name=made.name))
    return go(url_for("deadlines.policies", _anchor=made.key))


@blueprint.get("/<key>")
@requires(EDIT)
def policy(key: str) -> ResponseReturnValue:
    found = get_newest(key)
    form = PolicyForm(formdata=None)
    form.show(terms_of(found), found.version, units_for(found))
    return edit(form, found)


def units_for(found: DeadlinePolicy | None) -> Mapping[int, str]:
    """Return the units that can take over, and the one that a policy has, though it be closed."""
    units = dict(list_overflow_units())
    if found is not None and found.overflow_unit_id is not None:
        every = list_overflow_units(closed=True)
        units.setdefault(found.overflow_unit_id, every.get(found.overflow_unit_id, "–"))
    return units


def typed_form(found: DeadlinePolicy | None) -> PolicyForm:
    """Return the form with what was typed."""
    form = PolicyForm()
    form.offer_choices(units_for(found))
    return form


def arranged(form: PolicyForm, found: DeadlinePolicy | None, wanted: str) -> ResponseReturnValue:
    """Render the form with its steps rearranged: alone for htmx; nothing is saved."""
    form.arrange(wanted)
    if wants_fragment():
        return render_template("deadlines/_steps.html", form=form)
    return edit(form, found)


def edit(form: PolicyForm, found: DeadlinePolicy | None, theirs: Sequence[str] = ()) -> str:
    """Render the form of a policy with its versions, a new one where none is found.

    `theirs` says how what somebody else has saved differs from what was typed.
    """
    versions = list_versions(found.key) if found else []
    units = list_overflow_units(closed=True)
    told = [
        (one, by, words.differences(terms_of(before), terms_of(one), units))
        for (one, by), (before, _by) in zip(versions, [*versions[1:], *versions[-1:]], strict=True)
    ]
    return render_template(
        "deadlines/policy.html", form=form, found=found, theirs=theirs, versions=told
    )


@blueprint.post("/<key>")
@requires(EDIT)
def save_policy(key: str) -> ResponseReturnValue:
    found = get_newest(key)
    form = typed_form(found)
    if wanted := request.form.get("do"):
        return arranged(form, found, wanted)
    if not form.validate():
        return edit(form, found), 422
    typed = form.read()
    try:
        saved = operations.save(key, typed, form.seen, current_actor().id, clock.now())
    except Invalid as error:
        form.take(error)
        return edit(form, found), 422
    except Conflict as error:
        # seen now, the next press of Save is meant
        form.form_errors.append(error.message)
        form.version.data = str(error.facts["version"])
        present = get_newest(key)
        units = list_overflow_units(closed=True)
        return edit(form, present, words.differences(terms_of(present), typed, units)), 409
    if saved is found:
        flash(_("Nothing was different."))
    else:
        flash(
            _(
                "“%(name)s” holds from now on. Leads in hand keep what they began with.",
                name=saved.name,
            ),
            "success",
        )
    return go(url_for("deadlines.policies", _anchor=key))


@blueprint.post("/<key>/standard")
@requires(EDIT)
def choose_standard(key: str) -> ResponseReturnValue:
    """Have a policy hold wherever a type of lead names none."""
    try:
        found = operations.make_standard(key, current_actor().id, clock.now())
    except Invalid as error:
        flash(error.message, "warning")
    else:
        flash(
            _("“%(name)s” holds now wherever a lead type names none.", name=found.name), "success"
        )
    return go(url_for("deadlines.policies"))


@blueprint.post("/<key>/use")
@requires(EDIT)
def use_policy(key: str) -> ResponseReturnValue:
    """Take a policy out of use or into it again."""
    active = request.form.get("active") == "1"
    try:
        found = kept.set_active(key, active, current_actor().id, clock.now())
    except (Invalid, PolicyNamed, StandardStays) as refusal:
        flash(refusal.message, "warning")
    else:
        flash(
            _("“%(name)s” is in use again.", name=found.name)
            if active
            else _("“%(name)s” is retired. Leads in hand keep it until they end.", name=found.name),
            "success",
        )
    return go(url_for("deadlines.policies"))


@blueprint.get("/as-file")
@requires(EDIT)
def file() -> ResponseReturnValue:
    """Give all policies in use as a file."""
    return give(KEPT)


@blueprint.post("/as-file")
@requires(EDIT)
def take_file() -> ResponseReturnValue:
    """Have the policies be as a file says, or only say what would be different."""
    sent = take_sent(KEPT, current_actor().id)
    if not sent.taken:
        return show(sent), 200 if sent.changes is not None else 422
    flash(_("The policies are as the file says."), "success")
    return go(url_for("deadlines.policies"))
