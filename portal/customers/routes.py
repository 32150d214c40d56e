"""Pages of customers: the list, a new one, its data and addresses, two that are one, the policy.

The page of one customer looks into several rooms: it is the desk's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.catalog.field_filters import kept_narrowing, read_narrowing
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core import clock
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record_apart
from portal.customers import dealing, merging, operations, policy, queries, who
from portal.customers import export as listing
from portal.customers.events import CustomersExported
from portal.customers.forms import (
    CustomerForm,
    DealForm,
    NewCustomerForm,
    PolicyForm,
    ReachForm,
    chosen,
    data_form,
    new_form,
)
from portal.customers.models import Customer
from portal.customers.rules import MightBeKnown
from portal.customers.sight import sees_addresses
from portal.partners.forms import countries
from portal.web import sheets
from portal.web.access import requires
from portal.web.filters import local
from portal.web.htmx import go
from portal.web.paging import page_number

blueprint = Blueprint("customers", __name__)
policy_blueprint = Blueprint("customer_policy", __name__)

NARROWING = ("q", "class", "rating", "without")
"""What narrows the list, by its name in the address; own fields come on top."""

SHARED = {
    "erp_number": _l("number in the ERP system"),
    "domain": _l("web address"),
    "email": _l("e-mail"),
    "phone": _l("phone"),
    "name": _l("name"),
}


def number_or_none(raw: str | None) -> int | None:
    """Read an id; anything odd is none."""
    return int(raw) if raw and raw.isdecimal() and len(raw) < 15 else None


def asked_for() -> str:
    """Return what is searched for."""
    return request.args.get("q", "").replace("\x00", "").strip()[:100]


@blueprint.get("/customers")
@requires(Permission.CUSTOMERS_SEE)
def customers() -> ResponseReturnValue:
    actor, locale = current_actor(), str(get_locale())
    filters = filters_asked()
    page = queries.list_customers(actor, filters, page_number(request.args.get("page")))

    def turn(number: int | None) -> str | None:
        return url_for("customers.customers", **kept(), page=number) if number else None

    return render_template(
        "customers/customers.html",
        page=page,
        who=who.load([one.id for one in page.items], actor, clock.now()),
        filters=filters,
        classes=book().choices("customer_class", locale),
        ratings=book().choices("credit_rating", locale),
        book=book(),
        language=locale,
        country_names=dict(countries()),
        policy=queries.read_policy(),
        before=turn(page.before),
        after=turn(page.after),
        csv=url_for("customers.export", **kept()),
        workbook=url_for("customers.export", **kept() | {"as": "xlsx"}),
    )


def filters_asked() -> queries.Filters:
    """Return what the address narrows the list to, as far as the reader may ask it."""
    own = book().fields_of(FieldSubject.CUSTOMER) if sees_addresses(current_actor()) else ()
    return queries.Filters(
        text=asked_for(),
        classification_id=number_or_none(request.args.get("class")),
        credit_rating_id=number_or_none(request.args.get("rating")),
        without_number=request.args.get("without") == "number",
        own=read_narrowing(own, request.args, str(get_locale())),
    )


def kept() -> dict[str, Any]:
    """Return what the address narrows the list to, as it stands there."""
    return kept_narrowing(request.args, NARROWING)


@blueprint.get("/customers/export")
@requires(Permission.CUSTOMERS_SEE)
def export() -> ResponseReturnValue:
    """Give all customers of a list, as far as the reader may know them, as CSV or as a workbook."""
    actor, at = current_actor(), clock.now()
    kind, filters = sheets.kind_of(request.args.get("as")), filters_asked()
    record_apart(CustomersExported(at=at, kind=kind, filters=names_of(filters)))
    lines = listing.lines(actor, filters, at)
    name = f"customers-{local(at):%Y-%m-%d}"
    return sheets.download(kind, name, _("Customers"), listing.headings(actor), lines)


def names_of(filters: queries.Filters) -> list[str]:
    """Return the names of what narrows the list, never what they ask for."""
    given = {
        "q": filters.text,
        "class": filters.classification_id,
        "rating": filters.credit_rating_id,
        "without": filters.without_number,
    }
    return [*(name for name, value in given.items() if value), *filters.own.answered]


@blueprint.get("/customers/new")
@requires(Permission.CUSTOMERS_EDIT)
def new() -> ResponseReturnValue:
    form = new_form(fresh=True)
    form.name.data = asked_for()
    return new_page(form)


@blueprint.post("/customers/new")
@requires(Permission.CUSTOMERS_EDIT)
def create() -> ResponseReturnValue:
    form = new_form()
    form.offer()
    if not form.validate():
        return new_page(form), 422
    try:
        made = operations.create(
            form.account(),
            form.reach(),
            current_actor(),
            clock.now(),
            looked=request.form.get("looked") == "1",
        )
    except Invalid as error:
        form.take(error)
        return new_page(form), 422
    except MightBeKnown as known:
        return new_page(form, known.alike), 422
    flash(_("%(customer)s is made.", customer=made.number), "success")
    return go(url_for("customer.page", customer_id=made.id))


def new_page(form: NewCustomerForm, alike: Mapping[int, Collection[str]] | None = None) -> str:
    """Render the form of a new customer, with those that it might be."""
    form.offer()
    return render_template("customers/new.html", form=form, alike=lines_of(alike or {}))


def lines_of(
    alike: Mapping[int, Collection[str]],
) -> list[tuple[Customer, str, list[str]]]:
    """Return customers with their names and what they share, as `customers/_alike.html` shows."""
    names = who.load(list(alike), current_actor(), clock.now())
    return [
        (one, names[key].name if key in names else "", [str(SHARED[s]) for s in alike[key]])
        for key, one in queries.by_id(alike).items()
    ]


@blueprint.get("/customers/<int:customer_id>/data")
@requires(Permission.CUSTOMERS_EDIT)
def edit(customer_id: int) -> ResponseReturnValue:
    customer = get_own(customer_id)
    known = who.find(customer_id, current_actor(), clock.now())
    if known is None:
        raise NotFound()
    return editor(customer, data_form(customer, known))


@blueprint.post("/customers/<int:customer_id>/data")
@requires(Permission.CUSTOMERS_EDIT)
def save(customer_id: int) -> ResponseReturnValue:
    customer = get_own(customer_id)
    form = data_form(customer)
    form.offer(customer)
    if not form.validate():
        return editor(customer, form), 422
    try:
        operations.save(
            customer_id, form.account(), form.version_seen(), current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return editor(customer, form), 422
    except Conflict as conflict:
        fresh = queries.get_visible(customer_id, current_actor())
        form.version.data = str(fresh.version)
        form.version.raw_data = None
        now = who.find(customer_id, current_actor(), clock.now())
        return editor(fresh, form, conflict.message, now), 409
    flash(_("%(customer)s is saved.", customer=customer.number), "success")
    return go(url_for("customer.page", customer_id=customer_id))


def get_own(customer_id: int) -> Customer:
    """Return a customer that the reader may change. Raises `NotFound`."""
    return queries.get_unmerged(customer_id, current_actor())


def editor(
    customer: Customer, form: CustomerForm, changed: str = "", now: who.Who | None = None
) -> str:
    """Render the form of a customer; `changed` says that somebody else did, `now` what it is."""
    form.offer(customer)
    return render_template(
        "customers/edit.html", customer=customer, form=form, changed=changed, now=now
    )


@blueprint.get("/customers/<int:customer_id>/addresses")
@requires(Permission.CUSTOMERS_EDIT)
def addresses(customer_id: int) -> ResponseReturnValue:
    return address_page(get_own(customer_id), ReachForm(formdata=None))


@blueprint.post("/customers/<int:customer_id>/addresses")
@requires(Permission.CUSTOMERS_EDIT)
def add_address(customer_id: int) -> ResponseReturnValue:
    customer = get_own(customer_id)
    form = ReachForm()
    if not form.validate():
        return address_page(customer, form), 422
    try:
        operations.add_address(customer_id, form.reach(), current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return address_page(customer, form), 422
    flash(_("Noted."), "success")
    return go(url_for("customers.addresses", customer_id=customer_id))


@blueprint.post("/customers/<int:customer_id>/addresses/<int:address_id>/removal")
@requires(Permission.CUSTOMERS_EDIT)
def remove_address(customer_id: int, address_id: int) -> ResponseReturnValue:
    operations.remove_address(customer_id, address_id, current_actor(), clock.now())
    flash(_("Removed."), "success")
    return go(url_for("customers.addresses", customer_id=customer_id))


def address_page(customer: Customer, form: ReachForm) -> str:
    """Render the addresses of a customer and the form of a new one."""
    return render_template(
        "customers/addresses.html",
        customer=customer,
        who=who.find(customer.id, current_actor(), clock.now()),
        form=form,
    )


@blueprint.get("/customers/<int:customer_id>/lead")
@requires(Permission.LEADS_QUALIFY)
def new_lead(customer_id: int) -> ResponseReturnValue:
    customer, known = get_to_call(customer_id)
    form = DealForm(formdata=None)
    form.offer(known)
    for field, kind in ((form.email, "email"), (form.phone, "phone")):
        field.data = next((str(one.id) for one in known.addresses if one.kind == kind), "")
    return render_template("customers/lead.html", customer=customer, who=known, form=form)


@blueprint.post("/customers/<int:customer_id>/lead")
@requires(Permission.LEADS_QUALIFY)
def open_lead(customer_id: int) -> ResponseReturnValue:
    customer, known = get_to_call(customer_id)
    form = DealForm()
    form.offer(known)
    if not form.validate():
        page = render_template("customers/lead.html", customer=customer, who=known, form=form)
        return page, 422
    try:
        lead = dealing.open_lead(
            customer_id,
            form.title.data or "",
            form.source_key.data or None,
            chosen(form.email),
            chosen(form.phone),
            current_actor(),
            clock.now(),
        )
    except Invalid as error:
        form.take(error)
        page = render_template("customers/lead.html", customer=customer, who=known, form=form)
        return page, 422
    flash(_("%(number)s is in.", number=lead.number))
    return go(url_for("qualification.qualify_lead", lead_id=lead.id))


def get_to_call(customer_id: int) -> tuple[Customer, who.Who]:
    """Return a customer with where it is reached, or raise NotFound."""
    customer = get_own(customer_id)
    known = who.find(customer_id, current_actor(), clock.now())
    if known is None or not known.whole:
        raise NotFound()
    return customer, known


# -- two that are one -----------------------------------------------------------------------------


@blueprint.get("/customers/<int:customer_id>/merge")
@requires(Permission.CUSTOMERS_EDIT)
def merge_page(customer_id: int) -> ResponseReturnValue:
    return choose_other(get_own(customer_id))


@blueprint.post("/customers/<int:customer_id>/merge")
@requires(Permission.CUSTOMERS_EDIT)
def merge(customer_id: int) -> ResponseReturnValue:
    customer = get_own(customer_id)
    other = number_or_none(request.form.get("other"))
    if other is None:
        return choose_other(customer, _("Please choose the other customer.")), 422
    try:
        merging.merge(customer_id, other, current_actor(), clock.now())
    except Invalid as error:
        return choose_other(customer, error.message), 422
    flash(_("The two are one customer now."), "success")
    return go(url_for("customer.page", customer_id=customer_id))


def choose_other(customer: Customer, wrong: str = "") -> str:
    """Render who might be the same customer, and whom a search finds."""
    actor, at = current_actor(), clock.now()
    known = who.find(customer.id, actor, at)
    text = asked_for()
    alike: dict[int, tuple[str, ...]] = {}
    if text:
        page = queries.list_customers(actor, queries.Filters(text=text), 1)
        alike = dict.fromkeys((one.id for one in page.items if one.id != customer.id), ())
    elif known is not None:
        alike = queries.find_same(customer, known)
    return render_template(
        "customers/merge.html",
        customer=customer,
        who=known,
        others=lines_of(alike),
        text=text,
        wrong=wrong,
    )


# -- what the programme wants ---------------------------------------------------------------------


@policy_blueprint.get("/customers/policy")
@requires(Permission.RULES_EDIT)
def policy_page() -> ResponseReturnValue:
    form = PolicyForm(formdata=None, obj=queries.read_policy())
    for name in ("classification_id", "credit_rating_id", "support_id"):
        form[name].data = str(form[name].data or "")
    return policy_form(form)


@policy_blueprint.post("/customers/policy")
@requires(Permission.RULES_EDIT)
def save_policy() -> ResponseReturnValue:
    form = PolicyForm()
    form.offer(queries.read_policy())
    if not form.validate():
        return policy_form(form), 422
    try:
        policy.choose(
            from_wins=bool(form.from_wins.data),
            number_demanded=bool(form.number_demanded.data),
            classification_id=chosen(form.classification_id),
            credit_rating_id=chosen(form.credit_rating_id),
            from_qualified=bool(form.from_qualified.data),
            support_id=chosen(form.support_id),
            actor=current_actor(),
            at=clock.now(),
        )
    except Invalid as error:
        form.take(error)
        return policy_form(form), 422
    flash(_("That holds from now on."), "success")
    return go(url_for("customer_policy.policy_page"))


def policy_form(form: PolicyForm) -> str:
    """Render what the programme wants of customers."""
    form.offer(queries.read_policy())
    return render_template("customers/policy.html", form=form)
