"""Pages of partners: the list, a profile, absences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts import operations as accounts
from portal.accounts import second_step, tree
from portal.accounts.actor import current_actor, find_actor
from portal.accounts.permissions import Permission
from portal.accounts.queries import (
    get_person,
    list_everybody,
    list_people,
    list_with_second_step,
)
from portal.campaigns.queries import list_running
from portal.catalog.field_filters import kept_narrowing, read_narrowing
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core import clock
from portal.core.errors import Invalid, Refused
from portal.core.events import record_apart
from portal.partners import activities, operations, queries, standings
from portal.partners import export as listing
from portal.partners.activity_routes import place_of
from portal.partners.completeness import Part, read_completeness
from portal.partners.events import PartnersExported
from portal.partners.forms import (
    AbsenceForm,
    CertificationsForm,
    InviteForm,
    ProfileForm,
    certification_lines,
    countries,
    profile_form,
)
from portal.partners.models import Colour, Partner
from portal.partners.profile import tell
from portal.timeline import pages, stream
from portal.timeline.stream import What
from portal.web import sheets
from portal.web.access import requires
from portal.web.filters import local, spoken
from portal.web.htmx import go
from portal.web.limits import limiter, visitor_key
from portal.web.paging import page_number

blueprint = Blueprint("partners", __name__)
blueprint.add_app_template_filter(spoken(standings.colour_words), "standing_words")
blueprint.add_app_template_filter(spoken(standings.reason_words), "standing_reason")

NARROWING = ("q", "level", "group", "standing", "lacks")
"""What narrows a list, by its name in the address; own fields come on top."""

# "name" is a field of other forms on the same page
NAMED = {"name": "invited_name"}


def inviter() -> str:
    """Return whose invitations are counted."""
    actor = find_actor()
    return f"inviting:{actor.id if actor else visitor_key()}"


def number_or_none(raw: str | None) -> int | None:
    """Read an id from the query string; anything odd is none."""
    return int(raw) if raw and raw.isdecimal() and len(raw) < 15 else None


@blueprint.get("/partners")
@requires(Permission.PARTNERS_SEE)
def partners() -> ResponseReturnValue:
    filters, at = filters_asked(), clock.now()
    number = page_number(request.args.get("page"))
    page = queries.list_partners(current_actor(), filters, number, at)
    shown, locale = [one.organisation_id for one in page.items], str(get_locale())
    return render_template(
        "partners/partners.html",
        page=page,
        first=(page.number - 1) * queries.PAGE + 1,
        filters=filters,
        colours=list(Colour),
        standings=standings.find_now(shown),
        complete=read_completeness(shown, at),
        parts=list(Part),
        levels=book().choices("partner_level", locale),
        groups=[(str(group.id), group.name) for group, _members in queries.list_groups()],
        book=book(),
        language=locale,
        country_names=dict(countries()),
        turn=turn,
        csv=url_for("partners.export", **kept()),
        map=url_for("partner_map.partner_map", **kept()),
        workbook=url_for("partners.export", **kept() | {"as": "xlsx"}),
    )


def filters_asked() -> queries.Filters:
    """Return what the address narrows the list to."""
    own = book().fields_of(FieldSubject.PARTNER)
    return queries.Filters(
        text=request.args.get("q", "").replace("\x00", "").strip()[:100],
        level_id=number_or_none(request.args.get("level")),
        group_id=number_or_none(request.args.get("group")),
        standing=asked if (asked := request.args.get("standing")) in set(Colour) else None,
        lacks=Part(lack) if (lack := request.args.get("lacks")) in set(Part) else None,
        own=read_narrowing(own, request.args, str(get_locale())),
    )


def kept() -> dict[str, Any]:
    """Return what the address narrows the list to, as it stands there."""
    return kept_narrowing(request.args, NARROWING)


@blueprint.get("/partners/export")
@requires(Permission.PARTNERS_SEE)
def export() -> ResponseReturnValue:
    """Give all partners of a list, those that the reader answers for, as CSV or as a workbook."""
    at, kind = clock.now(), sheets.kind_of(request.args.get("as"))
    filters = filters_asked()
    record_apart(PartnersExported(at=at, kind=kind, filters=names_of(filters)))
    lines = listing.lines(current_actor(), filters, at)
    return sheets.download(
        kind, f"partners-{local(at):%Y-%m-%d}", _("Partners"), listing.headings(), lines
    )


def names_of(filters: queries.Filters) -> list[str]:
    """Return the names of what narrows the list, never what they ask for."""
    given = {
        "q": filters.text,
        "level": filters.level_id,
        "group": filters.group_id,
        "standing": filters.standing,
        "lacks": filters.lacks,
    }
    return [*(name for name, value in given.items() if value), *filters.own.answered]


def turn(number: int | None) -> str | None:
    """Return the address of another page of the same list."""
    if number is None or request.endpoint is None:
        return None
    return url_for(request.endpoint, **{**(request.view_args or {}), **kept(), "page": number})


@blueprint.get("/partners/<int:organisation_id>")
@requires(Permission.PARTNERS_SEE)
def partner(organisation_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    return profile(found)


@blueprint.get("/partners/<int:organisation_id>/profile")
@requires(Permission.PARTNERS_EDIT)
def edit_partner(organisation_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    return editor(found, profile_form(found, fresh=True))


@blueprint.post("/partners/<int:organisation_id>/profile")
@requires(Permission.PARTNERS_EDIT)
def save_partner(organisation_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    form = profile_form(found)
    held, wrong = CertificationsForm(formdata=None).read(request.form)
    if not form.validate() or wrong:
        return editor(found, form, wrong), 422
    try:
        operations.save_profile(found, clock.now(), certifications=held, **form.values(found))
        tree.set_account_manager(found.organisation, form.account_manager(), clock.now())
    except Invalid as error:
        form.take(error)
        return editor(found, form), 422
    flash(_("The profile of %(name)s is saved.", name=found.organisation.name), "success")
    return go(url_for("partners.partner", organisation_id=organisation_id))


@blueprint.post("/partners/<int:organisation_id>/absences")
@requires(Permission.PARTNERS_EDIT)
def add_absence(organisation_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    form = absence_form(found)
    if not form.validate():
        return profile(found, form), 422
    try:
        operations.add_absence(
            organisation_id,
            form.starts_on.data,
            form.ends_on.data,
            clock.now(),
            user_id=int(form.user_id.data) if form.user_id.data else None,
            note=form.absence_note.data,
            by_user_id=current_actor().id,
        )
    except Invalid as error:
        form.take(error)
        return profile(found, form), 422
    flash(_("Noted. No leads are offered to a firm that is away."), "success")
    return go(url_for("partners.partner", organisation_id=organisation_id))


@blueprint.post("/partners/<int:organisation_id>/absences/<int:absence_id>/removal")
@requires(Permission.PARTNERS_EDIT)
def remove_absence(organisation_id: int, absence_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    operations.end_absence(queries.get_absence(absence_id, found.organisation_id), clock.now())
    flash(_("The absence is taken back."), "success")
    return go(url_for("partners.partner", organisation_id=organisation_id))


@blueprint.post("/partners/<int:organisation_id>/people")
@requires(Permission.PARTNERS_EDIT)
@limiter.limit("60/hour", key_func=inviter)
def invite_person(organisation_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    form = invite_form(found)
    if not form.validate():
        return profile(found, inviting=form), 422
    try:
        user = accounts.invite(
            found.organisation,
            form.email.data or "",
            form.invited_name.data or "",
            form.roles.data or [],
            clock.now(),
            current_actor().id,
        )
    except Invalid as error:
        form.take(Invalid({NAMED.get(name, name): said for name, said in error.errors.items()}))
        return profile(found, inviting=form), 422
    flash(_("An invitation to %(email)s is on its way.", email=user.email), "success")
    return go(url_for("partners.partner", organisation_id=organisation_id))


@blueprint.post("/partners/<int:organisation_id>/people/<int:user_id>/invitation")
@requires(Permission.PARTNERS_EDIT)
@limiter.limit("60/hour", key_func=inviter)
def invite_again(organisation_id: int, user_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    user = get_person(user_id, found.organisation_id)
    try:
        accounts.invite_again(user, clock.now(), current_actor().id)
    except Refused as refusal:
        flash(refusal.message)
    else:
        flash(_("An invitation to %(email)s is on its way.", email=user.email), "success")
    return go(url_for("partners.partner", organisation_id=organisation_id))


@blueprint.post("/partners/<int:organisation_id>/people/<int:user_id>/access")
@requires(Permission.PARTNERS_EDIT)
def give_access(organisation_id: int, user_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    user = get_person(user_id, found.organisation_id)
    accounts.reactivate(user, clock.now())
    flash(_("%(name)s may sign in again.", name=user.name), "success")
    return go(url_for("partners.partner", organisation_id=organisation_id))


@blueprint.post("/partners/<int:organisation_id>/people/<int:user_id>/second-step/removal")
@requires(Permission.PEOPLE_EDIT)
def remove_second_step(organisation_id: int, user_id: int) -> ResponseReturnValue:
    found = queries.get_partner(organisation_id, current_actor())
    user = get_person(user_id, found.organisation_id)
    second_step.remove(user, clock.now(), current_actor().id)
    flash(_("%(name)s now signs in with the password alone.", name=user.name), "success")
    return go(url_for("partners.partner", organisation_id=organisation_id))


def invite_form(partner: Partner, *, fresh: bool = False) -> InviteForm:
    """Return the form that invites a person into this firm."""
    form = InviteForm(formdata=None) if fresh else InviteForm()
    form.offer(partner.organisation.kind)
    return form


def absence_form(partner: Partner, *, fresh: bool = False) -> AbsenceForm:
    """Return the form of an absence of this firm."""
    form = AbsenceForm(formdata=None) if fresh else AbsenceForm()
    form.offer([(str(user.id), user.name) for user in list_people(partner.organisation_id)])
    return form


def profile(
    partner: Partner, form: AbsenceForm | None = None, inviting: InviteForm | None = None
) -> str:
    """Render a partner's profile, with one of its two forms as it was filled in."""
    at, may_edit = clock.now(), current_actor().may(Permission.PARTNERS_EDIT)
    return render_template(
        "partners/partner.html",
        **tell(partner, at),
        people=list_everybody(partner.organisation_id),
        absences=queries.list_absences(partner.organisation_id, at),
        stood=standings.read_stood(partner.organisation_id),
        form=form or absence_form(partner, fresh=True),
        timeline=timeline_of(partner, at),
        inviting=inviting or invite_form(partner, fresh=True),
        may_edit=may_edit,
        running=list_running() if may_edit else (),
        may_look=current_actor().may(Permission.PEOPLE_VIEW_AS),
        second_steps=list_with_second_step(partner.organisation_id)
        if current_actor().may(Permission.PEOPLE_EDIT)
        else set(),
    )


def timeline_of(partner: Partner, at: datetime) -> dict[str, Any] | None:
    """Return what the vendor's people did about a partner as `timeline/_stream.html` shows it."""
    actor, show = current_actor(), pages.asked_for()
    if not activities.may_plan(actor):
        return None
    found = stream.merge(
        at,
        activities.load_activities(partner, actor, show) if stream.of_activities(show) else (),
        activities.load_files(partner, actor) if stream.reads(What.FILE, show) else (),
        stream.noted(activities.load_notes(partner, actor))
        if stream.reads(What.NOTE, show)
        else (),
    )
    return pages.streamed(found, place_of(partner), show, (What.NOTE, What.FILE))


def editor(partner: Partner, form: ProfileForm, wrong: dict[int, str] | None = None) -> str:
    """Render the form of a profile."""
    held = list(queries.list_certifications(partner.organisation_id))
    typed: Any = request.form if request.method == "POST" else None
    return render_template(
        "partners/edit.html",
        partner=partner,
        form=form,
        certifications=certification_lines(held, typed, wrong or {}),
        wrong=bool(wrong),
    )
