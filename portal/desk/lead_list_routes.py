"""Lists of leads for the vendor's people: filters, columns, saved views, files, several at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from portal.accounts import reach
from portal.accounts.actor import Actor, current_actor
from portal.accounts.models import OrganisationKind
from portal.accounts.permissions import Permission
from portal.accounts.queries import list_staff
from portal.core import clock
from portal.core.errors import Invalid
from portal.core.events import record_apart
from portal.desk import lead_telling, views
from portal.desk.events import LeadsExported
from portal.desk.lead_columns import FIGURES, Column, every_column, eyes_of
from portal.desk.lead_filters import (
    FILTERS,
    GROUPS,
    ME,
    MY_TEAM,
    NOBODY,
    Asked,
    Asking,
    Filter,
    an_id,
    every_filter,
    own_filters,
    read_asked,
    without_odd,
)
from portal.desk.lead_list import COUNTED, LeadList
from portal.desk.lead_telling import Telling
from portal.desk.many import Said, deeds_of, do_to_many
from portal.leads.queries import seen_by
from portal.leads.sight import read_choices
from portal.pickup import photo_finish
from portal.web import sheets
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("lead_list", __name__, url_prefix="/leads")

LISTS = (Permission.BOARD_SEE, Permission.LEADS_QUALIFY, Permission.HAND_OVERS_SEE)
"""Who has lists of leads at all: of the vendor, whoever works on them or answers for them."""


@dataclass(frozen=True, slots=True)
class Question:
    """The view model of a filter: `kind` is ticks, choice, text, day or number."""

    key: str
    label: str
    kind: str
    values: tuple[str, ...]
    choices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """The view model of a lead: `cells` by column, in words; `late` where an answer is overdue."""

    lead_id: int
    number: str
    title: str
    cells: Sequence[tuple[Column, Any, str]]
    late: bool


def asking_now(actor: Actor) -> Asking:
    """Return who asks, when and from where."""
    reached = reach.read(actor)
    zone = ZoneInfo(str(get_timezone()))
    return Asking(actor, clock.now(), zone, reached, seen_by(actor, reached))


def read_list(given: Any, actor: Actor) -> LeadList:
    """Return the list that an address, or a form, asks for."""
    asking, eyes = asking_now(actor), eyes_of(actor, read_choices())
    return LeadList(without_odd(read_asked(given, eyes), asking), asking, eyes)


@blueprint.get("")
@requires(*LISTS)
def leads() -> ResponseReturnValue:
    actor = current_actor()
    found = read_list(request.args, actor)
    page = found.page(after=an_id(asked_of("after")), before=an_id(asked_of("before")))
    telling, count = Telling(), found.count(page)
    saved = views.list_views(actor)
    columns = columns_of(found.asked)
    deeds = {key: deed for key, deed in deeds_of(actor).items() if not deed.for_reason}
    staff = staff_for(actor)
    return render_template(
        "desk/leads.html",
        asked=found.asked,
        hidden=hidden_of(found.asked),
        lines=[line_of(row, columns, telling, found.asking) for row in page.rows],
        columns=columns,
        # said once, not in each cell
        labels={column.key: str(column.label) for column in columns},
        figures=FIGURES,
        count=count,
        counted=COUNTED,
        before=address(found.asked, before=page.before) if page.before else None,
        after=address(found.asked, after=page.after) if page.after else None,
        presets=presets(found, saved),
        in_use=filters_in_use(found, telling, staff),
        filters=url_for("lead_list.filters", **found.asked.as_address()),
        orders=found.eyes.orders(),
        too_long=found.too_long,
        deeds=deeds,
        staff=staff if any(deed.of_person for deed in deeds.values()) else (),
        view=next((row for row in saved if str(row.id) == asked_of("view")), None),
        may_change=views.may_change,
        csv=url_for("lead_list.export", **found.asked.as_address()),
        workbook=url_for("lead_list.export", **found.asked.as_address() | {"as": "xlsx"}),
    )


def columns_of(asked: Asked) -> list[Column]:
    """Return the columns that were asked for."""
    known = every_column()
    return [known[key] for key in asked.columns]


@blueprint.get("/filters")
@requires(*LISTS)
def filters() -> ResponseReturnValue:
    """Ask what to show: every filter and column. The list fetches them when somebody wants them."""
    actor = current_actor()
    found = read_list(request.args, actor)
    rest = [(name, value) for name, value in hidden_of(found.asked) if name in ("q", "order")]
    return render_template(
        "desk/lead_filters.html",
        asked=found.asked,
        rest=rest,
        groups=questions(found, Telling(), staff_for(actor)),
        all_columns=found.eyes.columns(),
        back=address(found.asked),
    )


def asked_of(name: str) -> str:
    """Return a part of the address."""
    return request.args.get(name, "")


def address_of(parts: Mapping[str, Any], **more: Any) -> str:
    """Return the address of the list that asks for these parts of an address."""
    return url_for("lead_list.leads", **dict[str, Any](parts), **more)


def address(asked: Asked, **more: Any) -> str:
    """Return the address of the list that asks for this."""
    return address_of(asked.as_address(), **more)


def hidden_of(asked: Asked) -> list[tuple[str, str]]:
    """Return what a list asks for as the hidden fields of a form."""
    return [(key, value) for key, values in asked.as_address().items() for value in values]


def line_of(row: Any, columns: Iterable[Column], telling: Telling, asking: Asking) -> Line:
    """Return a lead in words."""
    cells = [
        (column, getattr(row, column.key), telling.words(column, getattr(row, column.key)))
        for column in columns
    ]
    late = any(
        column.kind == "due" and value is not None and value <= asking.at
        for column, value, _words in cells
    )
    return Line(row.id, row.number, row.title, cells, late)


def presets(found: LeadList, saved: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the ready-made views and those that people saved, as links."""
    ready: list[tuple[str, Mapping[str, tuple[str, ...]]]] = [
        (_("All leads"), {}),
        (_("My open leads"), {"mine": ("yes",), "open": ("yes",)}),
        (_("Today’s leads"), {"captured": ("today",)}),
    ]
    if found.eyes.ever(FILTERS["late"].field):
        ready.append((_("Answer overdue"), {"late": ("yes",)}))
    chosen = asked_of("view")
    here = (found.asked.text, dict(found.asked.values))
    links = [
        {
            "label": label,
            "url": address_of({key: list(said) for key, said in values.items()}),
            "active": not chosen and here == ("", dict(values)),
            "count": None,
        }
        for label, values in ready
    ]
    for view in saved:
        label = view.name if view.own else _("%(name)s, by %(who)s", name=view.name, who=view.who)
        links.append(
            {
                "label": label,
                "url": address_of(view.asked, view=view.id),
                "active": chosen == str(view.id),
                "count": None,
            }
        )
    return links


def staff_for(actor: Actor) -> list[tuple[str, str]]:
    """Return the vendor's people by name, for whoever is of the vendor."""
    if actor.organisation_kind != OrganisationKind.VENDOR:
        return []
    return [(str(user.id), user.name) for user in list_staff()]


def questions(
    found: LeadList, telling: Telling, staff: Sequence[tuple[str, str]]
) -> list[tuple[str, list[Question], bool]]:
    """Return the filters by group, and whether one of a group is in use."""
    groups = []
    own = tuple(own_filters().values())
    for heading, group in (*GROUPS, *([(_("Own fields"), own)] if own else [])):
        shown = [
            question_of(one, found, telling, staff)
            for one in group
            if one.open is not None or found.eyes.ever(one.field)
        ]
        groups.append((str(heading), shown, any(one.values for one in shown)))
    return groups


def filters_in_use(
    found: LeadList, telling: Telling, staff: Sequence[tuple[str, str]]
) -> list[tuple[str, str, str]]:
    """Return the filters in use: what each is called, what it asks for, the list without it."""
    known, used = every_filter(), []
    for key, values in found.asked.values.items():
        one = question_of(known[key], found, telling, staff)
        words = dict(one.choices)
        rest = {name: value for name, value in found.asked.as_address().items() if name != key}
        used.append(
            (one.label, ", ".join(words.get(value, value) for value in values), address_of(rest))
        )
    return used


def listed_choices(
    kind: str, found: LeadList, telling: Telling, staff: Sequence[tuple[str, str]]
) -> Sequence[tuple[str, str]] | None:
    """Return what filters of a kind may name that is not written down; None for other kinds."""
    if kind == "type":
        return telling.type_choices
    if kind == "status":
        return telling.status_choices
    return people_choices(found.asking.actor, staff) if kind == "person" else None


def people_choices(actor: Actor, staff: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return whom a filter of people may name."""
    own = [(ME, _("Myself")), (NOBODY, _("Nobody"))]
    if actor.may(Permission.TEAMS_LEAD):
        own.insert(1, (MY_TEAM, _("My team")))
    return [*own, *(one for one in staff if one[0] != str(actor.id))]


def question_of(
    one: Filter, found: LeadList, telling: Telling, staff: Sequence[tuple[str, str]]
) -> Question:
    """Return a filter as the page asks it."""
    kind, choices = one.kind, [(str(key), str(words)) for key, words in one.choices]
    listed = listed_choices(kind, found, telling, staff)
    if listed is not None:
        kind, choices = "choice", list(listed)
    elif one.of_kind == "reason":
        reasons = telling.book.reasons("disqualify")
        kind, choices = "choice", [(str(each.id), each.label(telling.locale)) for each in reasons]
    elif kind == "entry":
        kind, choices = "choice", telling.book.choices(one.of_kind, telling.locale)
    values = found.asked.values.get(one.key, ())
    return Question(one.key, str(one.label), kind, values, choices)


# -- files ----------------------------------------------------------------------------------


@blueprint.get("/export")
@requires(*LISTS)
def export() -> ResponseReturnValue:
    """Give all leads of a list, as far as the reader sees them, as CSV or as a workbook."""
    found = read_list(request.args, current_actor())
    kind = sheets.kind_of(asked_of("as"))
    at = found.asking.at
    names = [*(["q"] if found.asked.text else []), *found.asked.values]
    record_apart(LeadsExported(at=at, kind=kind, filters=names, columns=list(found.asked.columns)))
    columns = columns_of(found.asked)
    lines = lead_telling.lines(columns, found.all(), Telling())
    name = f"leads-{at.astimezone(found.asking.zone):%Y-%m-%d}"
    return sheets.download(kind, name, _("Leads"), lead_telling.headings(columns), lines)


# -- several at once ------------------------------------------------------------------------


@blueprint.post("/actions")
@requires(Permission.OFFERS_MAKE, Permission.LEADS_ASSIGN)
def act() -> ResponseReturnValue:
    """Do one thing to the chosen leads, and show what became of each."""
    back = address(read_list(request.form, current_actor()).asked)
    said = Said(an_id(request.form.get("user_id", "")) or 0)
    return do_to_chosen(said, back, _("Leads"))


def do_to_chosen(said: Said, back: str, place: str) -> ResponseReturnValue:
    """Do what was pressed to the leads that were ticked on a list, and show what became of each.

    `said` is what was typed beside it; `back` leads to the list, which is called `place`.
    """
    actor, at = current_actor(), clock.now()
    field = "shown" if request.form.get("page") == "1" else "lead"
    ids = [one for one in map(an_id, request.form.getlist(field)) if one is not None]
    key = request.form.get("action", "")
    if not ids or not key:
        flash(_("No lead was chosen."), "warning")
        return go(back)
    # nobody who picked one in time loses it to what is done to several
    photo_finish.decide_all_due(ids, at)
    try:
        became = do_to_many(key, ids, said, actor, at)
    except Invalid as error:
        flash(error.message, "warning")
        return go(back)
    return render_template(
        "desk/leads_done.html",
        deed=deeds_of(actor)[key],
        became=became,
        done=sum(one.done for one in became),
        back=back,
        place=place,
    )


# -- saved views ----------------------------------------------------------------------------


@blueprint.get("/views")
@requires(*LISTS)
def view_list() -> ResponseReturnValue:
    return show_views()


def show_views(
    errors: Mapping[int, str] | None = None, typed: Mapping[str, Any] | None = None
) -> str:
    """Render the views; `errors` by view, 0 is the new one, of which `typed` is what was typed."""
    actor = current_actor()
    return render_template(
        "desk/views.html",
        views=[
            (row, views.may_change(row, actor), address_of(row.asked))
            for row in views.list_views(actor)
        ],
        errors=errors or {},
        typed=typed,
    )


def asked_for() -> dict[str, list[str]]:
    """Return what the list asked for that a form was sent from."""
    found: dict[str, list[str]] = read_list(request.form, current_actor()).asked.as_address()
    return found


@blueprint.post("/views")
@requires(*LISTS)
def save_view() -> ResponseReturnValue:
    actor, asked = current_actor(), asked_for()
    name, shared = request.form.get("name", ""), request.form.get("shared") == "1"
    try:
        view = views.save(name, asked, shared, actor, clock.now())
    except Invalid as error:
        hidden = [(key, value) for key, values in asked.items() for value in values]
        typed = {"name": name[:200], "shared": shared, "hidden": hidden}
        return show_views({0: error.errors["name"]}, typed), 422
    flash(_("The view “%(name)s” is saved.", name=view.name), "success")
    return go(address_of(view.asked, view=view.id))


@blueprint.post("/views/<int:view_id>")
@requires(*LISTS)
def change_view(view_id: int) -> ResponseReturnValue:
    """Rename a view and share it or not; with `asked` it asks for what the list asks for."""
    actor, at = current_actor(), clock.now()
    asked = asked_for() if request.form.get("asked") == "1" else None
    name, shared = request.form.get("name", ""), request.form.get("shared") == "1"
    try:
        view = views.change(view_id, name, shared, actor, at, asked)
    except Invalid as error:
        typed = {"name": name[:200], "shared": shared}
        return show_views({view_id: error.errors["name"]}, typed), 422
    flash(_("The view “%(name)s” is saved.", name=view.name), "success")
    if asked is not None:
        return go(address_of(view.asked, view=view.id))
    return go(url_for("lead_list.view_list"))


@blueprint.post("/views/<int:view_id>/removal")
@requires(*LISTS)
def remove_view(view_id: int) -> ResponseReturnValue:
    views.remove(view_id, current_actor(), clock.now())
    flash(_("The view is removed."), "success")
    return go(url_for("lead_list.view_list"))
