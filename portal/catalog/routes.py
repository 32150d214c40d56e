"""Pages of the catalogue, one for each kind."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.permissions import Permission
from portal.catalog import operations, queries
from portal.catalog.forms import BLAMES, KIND_NAMES, PURPOSES, SORTS, EntryForm
from portal.catalog.models import KINDS, Entry, Product
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("catalog", __name__)


def kind_of(slug: str) -> str:
    """Return the kind that an address names (`size-band`), or raise NotFound."""
    kind = slug.replace("-", "_")
    if kind not in KINDS or "_" in slug:
        raise NotFound()
    return kind


def slug_of(kind: str) -> str:
    """Return how an address names a kind."""
    return kind.replace("_", "-")


@blueprint.get("/catalog")
@requires(Permission.CATALOG_EDIT)
def catalog() -> ResponseReturnValue:
    by_kind = queries.read_book().by_kind
    kinds = [
        (
            url_for("catalog.entries", slug=slug_of(kind)),
            str(name),
            sum(entry.active for entry in by_kind.get(kind, [])),
            [entry.label(str(get_locale())) for entry in by_kind.get(kind, []) if entry.active][:5],
        )
        for kind, name in KIND_NAMES.items()
    ]
    return render_template("catalog/catalog.html", kinds=kinds)


@blueprint.get("/catalog/<slug>")
@requires(Permission.CATALOG_EDIT)
def entries(slug: str) -> ResponseReturnValue:
    kind = kind_of(slug)
    book = queries.read_book()
    listed = book.by_kind.get(kind, [])
    sort = request.args.get("sort", "") if kind == "product" and listed else ""
    return render_template(
        "catalog/entries.html",
        kind=kind,
        slug=slug,
        title=str(KIND_NAMES[kind]),
        entries=[one for one in listed if is_of(one, sort)],
        any_entries=bool(listed),
        sorts=sorts_of(sort) if kind == "product" else (),
        book=book,
        language=str(get_locale()),
        purposes=dict(PURPOSES),
        blames=dict(BLAMES),
    )


def is_of(entry: Entry, sort: str) -> bool:
    """Say whether an entry is of a sort: products, services; anything else is all."""
    if sort not in dict(SORTS) or not isinstance(entry, Product):
        return True
    return bool(entry.service) == (sort == "services")


def sorts_of(chosen: str) -> list[dict[str, Any]]:
    """Return what the list of products and services can be narrowed to, as links."""
    every = [("", _("All")), *((key, str(words)) for key, words in SORTS)]
    return [
        {
            "label": words,
            "url": url_for("catalog.entries", slug="product", sort=key or None),
            "active": key == (chosen if chosen in dict(SORTS) else ""),
            "count": None,
        }
        for key, words in every
    ]


@blueprint.get("/catalog/<slug>/new")
@requires(Permission.CATALOG_EDIT)
def new_entry(slug: str) -> ResponseReturnValue:
    form = make_form(kind_of(slug), new=True, fresh=True)
    form.active.data = True
    return page(slug, form, None)


@blueprint.post("/catalog/<slug>/new")
@requires(Permission.CATALOG_EDIT)
def add_entry(slug: str) -> ResponseReturnValue:
    kind = kind_of(slug)
    form = make_form(kind, new=True)
    if not form.validate():
        return page(slug, form, None), 422
    try:
        entry = operations.add_entry(kind, form.values())
    except Invalid as error:
        form.take(error)
        return page(slug, form, None), 422
    flash(_("%(name)s is in the catalogue.", name=entry.label(str(get_locale()))), "success")
    return go(url_for("catalog.entries", slug=slug))


@blueprint.get("/catalog/<slug>/<int:entry_id>")
@requires(Permission.CATALOG_EDIT)
def entry(slug: str, entry_id: int) -> ResponseReturnValue:
    kind = kind_of(slug)
    form = make_form(kind, new=False, fresh=True)
    found = find(kind, entry_id)
    form.show(found)
    return page(slug, form, found)


@blueprint.post("/catalog/<slug>/<int:entry_id>")
@requires(Permission.CATALOG_EDIT)
def save_entry(slug: str, entry_id: int) -> ResponseReturnValue:
    kind = kind_of(slug)
    form = make_form(kind, new=False)
    if not form.validate():
        return page(slug, form, find(kind, entry_id)), 422
    try:
        saved = operations.save_entry(entry_id, kind, form.values(), clock.now())
    except Invalid as error:
        form.take(error)
        return page(slug, form, find(kind, entry_id)), 422
    flash(_("%(name)s is saved.", name=saved.label(str(get_locale()))), "success")
    return go(url_for("catalog.entries", slug=slug))


def find(kind: str, entry_id: int) -> Entry:
    """Return an entry of this kind or raise NotFound."""
    found = queries.get_entry(entry_id)
    if found.kind != kind:
        raise NotFound()
    return found


def make_form(kind: str, *, new: bool, fresh: bool = False) -> EntryForm:
    """Return the form of a kind, empty where `fresh`."""
    form = EntryForm(formdata=None) if fresh else EntryForm()
    form.fit(kind, queries.book().choices("brand", str(get_locale())), new=new)
    return form


def page(slug: str, form: EntryForm, found: Entry | None) -> str:
    """Render the form of an entry."""
    return render_template(
        "catalog/entry.html",
        slug=slug,
        kind_name=str(KIND_NAMES[kind_of(slug)]),
        form=form,
        entry=found,
        language=str(get_locale()),
    )
