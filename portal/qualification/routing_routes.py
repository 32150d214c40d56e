"""The rules that route inquiries, and the steps of qualification: looked at and changed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, SelectMultipleField, StringField

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.catalog.places import subdivisions
from portal.catalog.queries import book
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.leads.definition_words import KINDS, QUALIFYING_STEPS
from portal.qualification import routing
from portal.qualification.forms import countries
from portal.qualification.models import InquiryRoute
from portal.web.access import requires
from portal.web.forms import Form, TicksField
from portal.web.htmx import go

blueprint = Blueprint("inquiry_routes", __name__)

EDIT = Permission.RULES_EDIT


class RouteForm(Form):
    """A rule: which inquiries, and who qualifies them."""

    version = HiddenField()
    name = StringField(_l("Name"))
    active = BooleanField(_l("On"))
    kind = SelectField(_l("Who asks"), validate_choice=False)
    places = SelectMultipleField(
        _l("Countries"), validate_choice=False, render_kw={"size": 6, "multiple": True}
    )
    states = StringField(
        _l("States or regions"),
        description=_l("By their codes, with commas between: DE-NI, US-CA."),
    )
    size_band_ids = TicksField(_l("Size"), validate_choice=False)
    product_ids = TicksField(_l("Products"), validate_choice=False)
    to = SelectField(_l("Qualified by"), validate_choice=False)

    def offer_choices(self, found: InquiryRoute | None = None) -> RouteForm:
        """Fill the lists; what the rule names stays, out of use or not."""
        locale, entries = str(get_locale()), book()
        self.kind.choices = [("", _("all")), *((str(k), str(w)) for k, w in KINDS.items())]
        self.places.choices = countries()
        self.size_band_ids.choices = entries.choices(
            "size_band", locale, (found and found.size_band_ids) or ()
        )
        self.product_ids.choices = entries.choices(
            "product", locale, (found and found.product_ids) or ()
        )
        self.to.choices = [
            ("", "–"),
            *((f"unit-{one.id}", f"{one.name} ({one.firm})") for one in routing.list_units()),
            *((f"user-{one.id}", f"{one.name} ({one.firm})") for one in routing.list_people()),
        ]
        return self

    def show(self, one: InquiryRoute) -> None:
        """Fill the form with a rule."""
        self.version.data, self.name.data = str(one.version), one.name
        self.active.data, self.kind.data = one.active, one.kind or ""
        self.places.data = [code for code in one.places or () if "-" not in code]
        self.states.data = ", ".join(code for code in one.places or () if "-" in code)
        self.size_band_ids.data = [str(each) for each in one.size_band_ids or ()]
        self.product_ids.data = [str(each) for each in one.product_ids or ()]
        self.to.data = f"unit-{one.unit_id}" if one.unit_id else f"user-{one.user_id}"

    def read(self) -> InquiryRoute:
        """Return the rule that was typed. Raises `Invalid` for a place that is none."""
        known = {code for code, _name in countries()}
        states = [part.strip().upper() for part in (self.states.data or "").split(",")]
        states = [part for part in states if part]
        wrong = [one for one in states if one not in subdivisions(one[:2])]
        if wrong:
            said = _("“%(code)s” is no code of a state or region.", code=wrong[0][:20])
            raise Invalid({"states": str(said)})
        places = [one for one in self.places.data or () if one in known] + states
        sort, _dash, number = (self.to.data or "").partition("-")
        to = int(number) if number.isdecimal() and len(number) < 16 else None
        return InquiryRoute(
            name=self.name.data or "",
            active=bool(self.active.data),
            kind=self.kind.data if self.kind.data in KINDS else None,
            places=places or None,
            size_band_ids=_ids(self.size_band_ids),
            product_ids=_ids(self.product_ids),
            unit_id=to if sort == "unit" else None,
            user_id=to if sort == "user" else None,
        )


def _ids(field: Any) -> list[int] | None:
    offered = {value for value, _label in field.choices}
    return [int(one) for one in field.data or () if one in offered] or None


@blueprint.get("/inquiry-routes")
@requires(EDIT)
def routes() -> ResponseReturnValue:
    return show_routes({}), 200


def show_routes(errors: dict[str, str]) -> str:
    """Render all rules and steps."""
    locale, entries = str(get_locale()), book()
    units = {one.id: f"{one.name} ({one.firm})" for one in routing.list_units()}
    people = {one.id: f"{one.name} ({one.firm})" for one in routing.list_people()}
    names = dict(countries())
    lines = []
    for one in routing.list_routes():
        conditions = [
            str(KINDS[one.kind]) if one.kind else "",
            ", ".join(names.get(code, code) for code in one.places or ()),
            ", ".join(entries.label(each, locale) for each in one.size_band_ids or ()),
            ", ".join(entries.label(each, locale) for each in one.product_ids or ()),
        ]
        who = units.get(one.unit_id or 0) or people.get(one.user_id or 0) or _("nobody any more")
        lines.append({"route": one, "conditions": [c for c in conditions if c], "who": who})
    kept = {(one.kind, one.key): one for one in routing.list_steps()}
    return render_template(
        "qualification/routes.html",
        lines=lines,
        kinds=KINDS,
        steps=QUALIFYING_STEPS,
        kept=kept,
        units=units,
        errors=errors,
    )


@blueprint.get("/inquiry-routes/new")
@requires(EDIT)
def new_route() -> ResponseReturnValue:
    form = RouteForm(formdata=None, data={"active": True}).offer_choices()
    return render_template("qualification/route.html", form=form, route=None)


@blueprint.post("/inquiry-routes/new")
@requires(EDIT)
def add_route() -> ResponseReturnValue:
    return save(None)


@blueprint.get("/inquiry-routes/<int:route_id>")
@requires(EDIT)
def route(route_id: int) -> ResponseReturnValue:
    found = routing.get_route(route_id)
    form = RouteForm(formdata=None).offer_choices(found)
    form.show(found)
    return render_template("qualification/route.html", form=form, route=found)


@blueprint.post("/inquiry-routes/<int:route_id>")
@requires(EDIT)
def save_route(route_id: int) -> ResponseReturnValue:
    return save(route_id)


def save(route_id: int | None) -> ResponseReturnValue:
    """Save what was typed of a rule."""
    found = routing.get_route(route_id) if route_id is not None else None
    form = RouteForm().offer_choices(found)
    raw = form.version.data or ""
    version = int(raw) if raw.isdecimal() and len(raw) < 10 else 0
    try:
        routing.save_route(form.read(), route_id, version, current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return render_template("qualification/route.html", form=form, route=found), 422
    except Conflict as conflict:
        form.version.data = str(found.version if found else 0)
        form.form_errors.append(conflict.message)
        return render_template("qualification/route.html", form=form, route=found), 409
    flash(_("Saved."))
    return go(url_for("inquiry_routes.routes"))


@blueprint.post("/inquiry-routes/<int:route_id>/place")
@requires(EDIT)
def move_route(route_id: int) -> ResponseReturnValue:
    steps = -1 if request.form.get("to") == "up" else 1
    routing.move_route(route_id, steps, current_actor(), clock.now())
    return go(url_for("inquiry_routes.routes"))


@blueprint.post("/inquiry-routes/<int:route_id>/removal")
@requires(EDIT)
def remove_route(route_id: int) -> ResponseReturnValue:
    routing.remove_route(route_id, current_actor(), clock.now())
    flash(_("Removed. What it has routed stays where it is."))
    return go(url_for("inquiry_routes.routes"))


@blueprint.post("/inquiry-routes/waiting")
@requires(EDIT)
def route_waiting() -> ResponseReturnValue:
    """Route what waits and nobody has, as after a change of the rules."""
    count = routing.route_waiting(clock.now(), current_actor())
    flash(
        _("%(count)s inquiries were given to somebody.", count=f"{count:,}")
        if count
        else _("Nothing waits that the rules could route.")
    )
    return go(url_for("inquiry_routes.routes"))


@blueprint.post("/inquiry-routes/steps")
@requires(EDIT)
def set_steps() -> ResponseReturnValue:
    actor, at = current_actor(), clock.now()
    try:
        for kind in KINDS:
            for position, key in enumerate(QUALIFYING_STEPS):
                raw = request.form.get(f"{kind}-{key}", "")
                routing.set_step(
                    str(kind),
                    str(key),
                    int(raw) if raw.isdecimal() and len(raw) < 16 else None,
                    briefing=request.form.get(f"{kind}-{key}-briefing") == "1",
                    position=position,
                    actor=actor,
                    at=at,
                )
    except Invalid as error:
        return show_routes(error.errors), 422
    flash(_("Saved."))
    return go(url_for("inquiry_routes.routes"))
