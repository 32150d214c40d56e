"""Pages of the lead definition: its versions, the draft and its parts, comparison, activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.datastructures import FileStorage

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid, NotFound
from portal.leads import activation, definition_file, first_contact, programmes
from portal.leads import definition_words as words
from portal.leads import versions as kept
from portal.leads.activation import LeadsStranded, NotComplete, TooBusy, look_ahead
from portal.leads.definition import (
    SCALES,
    Content,
    Part,
    Type,
    Way,
    mark_of,
    put,
    set_levels,
    set_ways,
)
from portal.leads.definition_around import read_around
from portal.leads.definition_forms import (
    FileForm,
    LevelsForm,
    NameForm,
    NumberingForm,
    PartForm,
    QuestionForm,
    StatusForm,
    TypeForm,
    WayForm,
    levels_form,
)
from portal.leads.definition_rules import NUMBER, Difference, check, differences
from portal.leads.models import LeadDefinition, VersionState
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("definition", __name__)

EDIT = Permission.DEFINITION_EDIT


@blueprint.app_template_global("called")
def called(names: Mapping[str, str]) -> str:
    """Return a name in the reader's language."""
    return words.called(names)


def find(definition_id: int) -> tuple[LeadDefinition, Content]:
    """Return a version and what it says, or raise NotFound."""
    found = kept.get_version(definition_id)
    return found, kept.content_of(found)


def part_of(content: Content, place: str, key: str) -> Any:
    """Return a part or raise NotFound."""
    finders: dict[str, Callable[[str], Part | None]] = {
        "types": content.type_of,
        "statuses": content.status_of,
        "questions": content.question_of,
    }
    part = finders[place](key)
    if part is None:
        raise NotFound()
    return part


# -- versions -----------------------------------------------------------------------------------


@blueprint.get("/definition")
@requires(EDIT)
def versions() -> ResponseReturnValue:
    found = kept.list_versions()
    return render_template(
        "leads/versions.html",
        versions=found,
        people=kept.people_of(found),
        has_draft=any(one.state == VersionState.DRAFT for one in found),
        states=words.VERSION_STATES,
    )


@blueprint.post("/definition")
@requires(EDIT)
def begin() -> ResponseReturnValue:
    given = request.form.get("source", "")
    source_id = int(given) if given.isdecimal() and len(given) < 16 else None
    return go_to_draft(lambda: kept.begin_draft(current_actor(), clock.now(), source_id))


def go_to_draft(begin_draft: Callable[[], LeadDefinition]) -> ResponseReturnValue:
    """Begin a draft and go to it, or to the one that there is."""
    try:
        draft_id = begin_draft().id
    except kept.DraftExists as refusal:
        # somebody was faster: there is one to work on together
        flash(refusal.message)
        draft_id = refusal.facts["draft_id"]
    return go(url_for("definition.version", definition_id=draft_id))


@blueprint.get("/definition/programmes")
@requires(EDIT)
def ready_made() -> ResponseReturnValue:
    return render_template(
        "leads/programmes.html", programmes=programmes.PROGRAMMES, draft=kept.find_draft()
    )


@blueprint.post("/definition/programmes")
@requires(EDIT)
def begin_from() -> ResponseReturnValue:
    key = request.form.get("programme", "")
    return go_to_draft(lambda: programmes.begin_from(key, current_actor(), clock.now()))


@blueprint.get("/definition/<int:definition_id>")
@requires(EDIT)
def version(definition_id: int) -> ResponseReturnValue:
    return show(definition_id)


def show(definition_id: int, form: NameForm | None = None) -> str:
    """Render a version, of a draft what is still missing."""
    found, content = find(definition_id)
    draft, around = found.state == VersionState.DRAFT, read_around()
    if form is None:
        form = NameForm(formdata=None, name=found.name)
    return render_template(
        "leads/version.html",
        version=found,
        content=content,
        draft=draft,
        form=form,
        findings=check(content, around) if draft else [],
        people=kept.people_of([found]),
        words=words,
        around=around,
        mark=lambda part: mark_of(content, part),
    )


@blueprint.post("/definition/<int:definition_id>")
@requires(EDIT)
def rename(definition_id: int) -> ResponseReturnValue:
    kept.get_version(definition_id)
    form = NameForm()
    if not form.validate():
        return show(definition_id, form), 422
    try:
        kept.rename(definition_id, form.name.data or "", current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return show(definition_id, form), 422
    flash(_("Saved."), "success")
    return go(url_for("definition.version", definition_id=definition_id))


@blueprint.post("/definition/<int:definition_id>/ways")
@requires(EDIT)
def complete_ways(definition_id: int) -> ResponseReturnValue:
    count = kept.complete_ways(definition_id, current_actor(), clock.now())
    flash(
        ngettext("%(num)d way was added or opened.", "%(num)d ways were added or opened.", count)
        if count
        else _("Nothing was missing.")
    )
    return go(url_for("definition.version", definition_id=definition_id))


@blueprint.get("/definition/<int:definition_id>/deletion")
@requires(EDIT)
def discarding(definition_id: int) -> ResponseReturnValue:
    return render_template(
        "leads/version_discard.html", version=need_draft(kept.get_version(definition_id))
    )


@blueprint.post("/definition/<int:definition_id>/deletion")
@requires(EDIT)
def discard(definition_id: int) -> ResponseReturnValue:
    name = kept.discard(definition_id, current_actor(), clock.now())
    flash(_("The draft “%(name)s” is gone.", name=name))
    return go(url_for("definition.versions"))


def need_draft(found: LeadDefinition) -> LeadDefinition:
    """Return the version if it is a draft; raise `NoDraft` otherwise."""
    if found.state != VersionState.DRAFT:
        raise kept.NoDraft(
            _("“%(name)s” is no draft any more, so nothing of it can be changed.", name=found.name)
        )
    return found


@blueprint.get("/definition/<int:definition_id>/comparison")
@requires(EDIT)
def comparison(definition_id: int) -> ResponseReturnValue:
    """Show what a version says differently from the active one; the active one from the last."""
    found, content = find(definition_id)
    other = other_of(found)
    return render_template(
        "leads/version_comparison.html",
        version=found,
        other=other,
        sections=sections(
            differences(kept.content_of(other), content, read_around()) if other else []
        ),
        draft=found.state == VersionState.DRAFT,
    )


def sections(found: Sequence[Difference]) -> list[tuple[str, Any, list[Difference]]]:
    """Return differences by the part of the definition they are in, each with its heading."""
    headings = {
        "types": _("Lead types"),
        "statuses": _("Statuses"),
        "ways": _("Ways"),
        "questions": _("Questions of the script"),
        "levels": _("For all leads"),
    }
    return [
        (place, heading, lines)
        for place, heading in headings.items()
        if (lines := [one for one in found if one.place == place])
    ]


def other_of(found: LeadDefinition) -> LeadDefinition | None:
    """Return the version to compare with."""
    if not found.active:
        return kept.find_active()
    retired = [one for one in kept.list_versions() if one.state == VersionState.RETIRED]
    return retired[0] if retired else None


# -- files --------------------------------------------------------------------------------------


@blueprint.get("/definition/<int:definition_id>/file")
@requires(EDIT)
def download(definition_id: int) -> ResponseReturnValue:
    found, content = find(definition_id)
    answer = Response(definition_file.write(found.name, content), mimetype="application/yaml")
    answer.headers["Content-Disposition"] = f"attachment; filename=lead-definition-{found.id}.yaml"
    return answer


@blueprint.get("/definition/file")
@requires(EDIT)
def file_page() -> ResponseReturnValue:
    return show_file(FileForm(formdata=None))


def show_file(form: FileForm, wrong: Mapping[str, str] = {}) -> str:
    """Render the form of a file, with what of it can't be used by place."""
    return render_template(
        "leads/version_file.html", form=form, wrong=wrong, draft=kept.find_draft()
    )


@blueprint.post("/definition/file")
@requires(EDIT)
def take_file() -> ResponseReturnValue:
    form = FileForm()
    sent = form.file.data
    if not form.validate() or not isinstance(sent, FileStorage) or not sent.filename:
        form.file.errors = [_("Please choose a file.")]
        return show_file(form), 422
    try:
        name, content = definition_file.read(sent.stream.read(definition_file.MOST_BYTES + 1))
        draft = kept.bring_in(name, content, bool(form.replace.data), current_actor(), clock.now())
    except (Invalid, kept.DraftExists) as refusal:
        form.file.errors = [refusal.message if isinstance(refusal, kept.DraftExists) else WRONG]
        wrong = refusal.errors if isinstance(refusal, Invalid) else {}
        return show_file(form, wrong), refusal.status
    flash(_("The file is the draft now. Nothing holds before you activate it."), "success")
    return go(url_for("definition.comparison", definition_id=draft.id))


WRONG = _l("Nothing of it was taken: these places can’t be used.")


# -- activation ---------------------------------------------------------------------------------


@blueprint.get("/definition/<int:definition_id>/activation")
@requires(EDIT)
def activating(definition_id: int) -> ResponseReturnValue:
    return show_activation(definition_id)


def show_activation(definition_id: int, said: str = "", chosen: Mapping[str, str] = {}) -> str:
    """Render what activating would mean, with the places that were chosen already."""
    found, content = find(definition_id)
    need_draft(found)
    outlook = look_ahead(found)
    active = kept.find_active()
    return render_template(
        "leads/version_activation.html",
        version=found,
        said=said,
        findings=outlook.findings,
        count=len(differences(kept.content_of(active), content)) if active else 0,
        lines=[
            {
                "standing": one.standing,
                "examples": outlook.examples[one.standing.place],
                "choices": [
                    (
                        "/".join(place),
                        words.status_name(content, place[1])
                        if place[0] == one.standing.type_key
                        else f"{words.type_name(content, place[0])}: "
                        f"{words.status_name(content, place[1])}",
                    )
                    for place in one.choices
                ],
                "chosen": chosen.get(one.standing.place)
                or ("/".join(one.best) if one.best else ""),
            }
            for one in outlook.stranded
        ],
    )


@blueprint.post("/definition/<int:definition_id>/activation")
@requires(EDIT)
def activate(definition_id: int) -> ResponseReturnValue:
    chosen = {
        name.removeprefix("to:"): value
        for name, value in request.form.items()
        if name.startswith("to:")
    }
    mapping = {}
    for place, value in chosen.items():
        type_key, _slash, status_key = value.partition("/")
        mapping[place] = (type_key, status_key)
    seen = request.form.get("version", "")
    try:
        found = activation.activate(
            definition_id,
            int(seen) if seen.isdecimal() and len(seen) < 10 else 0,
            mapping,
            current_actor(),
            clock.now(),
        )
    except (Conflict, NotComplete, LeadsStranded, TooBusy) as refusal:
        return show_activation(definition_id, refusal.message, chosen), refusal.status
    flash(_("“%(name)s” holds from now on.", name=found.name), "success")
    return go(url_for("definition.versions"))


# -- parts --------------------------------------------------------------------------------------

# form and page of a part, by the list it stands in
PARTS: dict[str, tuple[type[PartForm], str]] = {
    "types": (TypeForm, "leads/version_type.html"),
    "statuses": (StatusForm, "leads/version_status.html"),
    "questions": (QuestionForm, "leads/version_question.html"),
}


KINDS_OF_CHANGE = {"added": _l("only in yours"), "removed": _l("not in yours")}


def place_named(slug: str) -> str:
    """Return a list of parts that an address names, or raise NotFound."""
    if slug not in PARTS:
        raise NotFound()
    return slug


def need_draft_id(definition_id: int) -> int:
    """Return the id of a draft, or raise `NotFound`, `NoDraft`."""
    return need_draft(kept.get_version(definition_id)).id


# no key has a hyphen in it, so the page of a new part is never taken for that of one
@blueprint.get("/definition/<int:definition_id>/<slug>/new-one")
@requires(EDIT)
def new_part(definition_id: int, slug: str) -> ResponseReturnValue:
    return first_look(definition_id, place_named(slug), None)


@blueprint.post("/definition/<int:definition_id>/<slug>/new-one")
@requires(EDIT)
def add_part(definition_id: int, slug: str) -> ResponseReturnValue:
    return save_as_typed(definition_id, place_named(slug), None)


@blueprint.get("/definition/<int:definition_id>/<slug>/<key>")
@requires(EDIT)
def part_page(definition_id: int, slug: str, key: str) -> ResponseReturnValue:
    return first_look(definition_id, place_named(slug), key)


@blueprint.post("/definition/<int:definition_id>/<slug>/<key>")
@requires(EDIT)
def save_part(definition_id: int, slug: str, key: str) -> ResponseReturnValue:
    return save_as_typed(definition_id, place_named(slug), key)


def first_look(definition_id: int, place: str, key: str | None) -> str:
    """Render the form of a part as it is, or of a new one."""
    found, content = find(definition_id)
    part = part_of(content, place, key) if key is not None else None
    need_draft(found)
    form = PARTS[place][0](formdata=None)
    form.offer_choices(content, key or "")
    form.show(content, part)
    return edit(found, content, place, form, part)


def edit(
    found: LeadDefinition,
    content: Content,
    place: str,
    form: PartForm,
    part: Part | None,
    theirs: Sequence[str] = (),
) -> str:
    """Render the form of a part as it was filled in; of a status with the ways on from it.

    `theirs` says how what somebody else has saved differs from it.
    """
    return render_template(
        PARTS[place][1],
        version=found,
        form=form,
        part=part,
        place=place,
        theirs=theirs,
        ways=[way for way in content.ways if part is not None and way.before == part.key],
        content=content,
        words=words,
        first_contact=first_contact.FIRST_CONTACT
        if isinstance(part, Type) and first_contact.fits(part)
        else (),
        mark=mark_of(content, part) if part is not None else "",
    )


def save_as_typed(definition_id: int, place: str, key: str | None) -> ResponseReturnValue:
    """Save a part as it was typed, a new one without key."""
    found, content = find(need_draft_id(definition_id))
    part = part_of(content, place, key) if key is not None else None
    form = PARTS[place][0]()
    form.offer_choices(content, key or "")
    if part is not None:
        form.keep(part)
    if not form.validate():
        return edit(found, content, place, form, part), 422
    followers = list(form.followers.data or ()) if isinstance(form, StatusForm) else None
    try:
        saved = kept.save_part(
            definition_id,
            form.read(content, part),
            form.seen.data or "",
            current_actor(),
            clock.now(),
            followers,
        )
    except Invalid as error:
        form.take(error)
        return edit(found, content, place, form, part), 422
    except Conflict as error:
        tell(form, error)
        mine = put(content, form.read(content, part))
        if followers is not None and part is not None:
            mine = set_ways(mine, part.key, followers)
        theirs = [
            f"{one.name}: {said}" if one.place == "ways" else said
            for one in differences(content, mine, read_around())
            for said in one.details or (KINDS_OF_CHANGE[one.kind],)
        ]
        return edit(found, content, place, form, part, theirs), 409
    flash(_("%(name)s is saved.", name=words.called(saved.names)), "success")
    return go(url_for("definition.version", definition_id=definition_id))


def tell(form: Any, error: Conflict) -> None:
    """Say that somebody else changed the part; seen now, the next press of Save is meant."""
    form.form_errors.append(error.message)
    form.seen.data = str(error.facts["mark"])


@blueprint.post("/definition/<int:definition_id>/types/<key>/first-contact")
@requires(EDIT)
def plan_first_contact(definition_id: int, key: str) -> ResponseReturnValue:
    """Put the ready-made cadence of a first contact into a type; twice is once."""
    _found, content = find(need_draft_id(definition_id))
    part = part_of(content, "types", key)
    kept.save_part(
        definition_id,
        first_contact.put_in(part),
        request.form.get("seen", ""),
        current_actor(),
        clock.now(),
    )
    flash(_("%(name)s is saved.", name=words.called(part.names)), "success")
    return go(
        url_for("definition.part_page", definition_id=definition_id, slug="types", key=key)
        + "#cadence"
    )


def way_of(content: Content, before: str, after: str) -> Way:
    """Return a way or raise NotFound."""
    way = content.way_of(before, after)
    if way is None:
        raise NotFound()
    return way


@blueprint.get("/definition/<int:definition_id>/statuses/<key>/to/<slug>")
@requires(EDIT)
def way_page(definition_id: int, key: str, slug: str) -> ResponseReturnValue:
    found, content = find(definition_id)
    way = way_of(content, key, slug)
    need_draft(found)
    form = WayForm(formdata=None)
    form.offer_choices(content)
    form.show(content, way)
    return edit_way(found, content, form, way)


def edit_way(found: LeadDefinition, content: Content, form: WayForm, way: Way) -> str:
    """Render the form of a way."""
    return render_template(
        "leads/version_way.html",
        version=found,
        form=form,
        way=way,
        before=words.status_name(content, way.before),
        after=words.status_name(content, way.after),
    )


@blueprint.post("/definition/<int:definition_id>/statuses/<key>/to/<slug>")
@requires(EDIT)
def save_way(definition_id: int, key: str, slug: str) -> ResponseReturnValue:
    found, content = find(need_draft_id(definition_id))
    way = way_of(content, key, slug)
    form = WayForm()
    form.offer_choices(content)
    if not form.validate():
        return edit_way(found, content, form, way), 422
    try:
        kept.save_way(
            definition_id,
            form.read(content, way),
            form.seen.data or "",
            current_actor(),
            clock.now(),
        )
    except Invalid as error:
        form.take(error)
        return edit_way(found, content, form, way), 422
    except Conflict as error:
        tell(form, error)
        return edit_way(found, content, form, way), 409
    flash(_("Saved."), "success")
    return go(
        url_for("definition.part_page", definition_id=definition_id, slug="statuses", key=key)
    )


# -- what holds for all leads -------------------------------------------------------------------


def scale_named(slug: str) -> str:
    """Return a scale that an address names, or raise NotFound."""
    if slug not in SCALES:
        raise NotFound()
    return slug


@blueprint.get("/definition/<int:definition_id>/levels/<slug>")
@requires(EDIT)
def levels_page(definition_id: int, slug: str) -> ResponseReturnValue:
    found, content = find(definition_id)
    scale = scale_named(slug)
    need_draft(found)
    return edit_levels(found, content, scale, levels_form(content, scale, sent=False))


def edit_levels(
    found: LeadDefinition, content: Content, scale: str, form: LevelsForm, theirs: Any = ()
) -> str:
    """Render the form of a scale. `theirs` says what somebody else has saved differently."""
    return render_template(
        "leads/version_levels.html",
        version=found,
        form=form,
        heading=words.SCALE_WORDS[scale],
        levels=list(reversed(content.levels_of(scale))),
        theirs=theirs,
    )


@blueprint.post("/definition/<int:definition_id>/levels/<slug>")
@requires(EDIT)
def save_levels(definition_id: int, slug: str) -> ResponseReturnValue:
    found, content = find(need_draft_id(definition_id))
    scale = scale_named(slug)
    form = levels_form(content, scale, sent=True)
    if not form.validate():
        return edit_levels(found, content, scale, form), 422
    typed = form.read(content, scale)
    try:
        kept.save_levels(
            definition_id, scale, typed, form.seen.data or "", current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return edit_levels(found, content, scale, form), 422
    except Conflict as error:
        tell(form, error)
        theirs = differences(content, set_levels(content, scale, typed))
        lines = [said for one in theirs for said in one.details]
        return edit_levels(found, content, scale, form, lines), 409
    flash(_("Saved."), "success")
    return go(url_for("definition.version", definition_id=definition_id))


@blueprint.get("/definition/<int:definition_id>/numbering")
@requires(EDIT)
def numbering_page(definition_id: int) -> ResponseReturnValue:
    found, content = find(definition_id)
    need_draft(found)
    form = NumberingForm(formdata=None)
    form.show(content)
    return edit_numbering(found, content, form)


def edit_numbering(found: LeadDefinition, content: Content, form: NumberingForm) -> str:
    """Render the form of how leads are numbered, with an example."""
    return render_template(
        "leads/version_numbering.html",
        version=found,
        form=form,
        example=content.numbering.write(NUMBER),
    )


@blueprint.post("/definition/<int:definition_id>/numbering")
@requires(EDIT)
def save_numbering(definition_id: int) -> ResponseReturnValue:
    found, content = find(need_draft_id(definition_id))
    form = NumberingForm()
    if not form.validate():
        return edit_numbering(found, content, form), 422
    try:
        kept.save_numbering(
            definition_id, form.read(), form.seen.data or "", current_actor(), clock.now()
        )
    except Conflict as error:
        tell(form, error)
        return edit_numbering(found, content, form), 409
    flash(_("Saved."), "success")
    return go(url_for("definition.version", definition_id=definition_id))


@blueprint.post("/definition/<int:definition_id>/<slug>/<key>/deletion")
@requires(EDIT)
def remove(definition_id: int, slug: str, key: str) -> ResponseReturnValue:
    _found, content = find(need_draft_id(definition_id))
    part = part_of(content, place_named(slug), key)
    kept.remove_part(
        definition_id, part, request.form.get("seen", ""), current_actor(), clock.now()
    )
    flash(_("%(name)s is out of the draft.", name=words.called(part.names)))
    return go(url_for("definition.version", definition_id=definition_id))


@blueprint.post("/definition/<int:definition_id>/<slug>/<key>/move")
@requires(EDIT)
def move(definition_id: int, slug: str, key: str) -> ResponseReturnValue:
    _found, content = find(need_draft_id(definition_id))
    part = part_of(content, place_named(slug), key)
    steps = -1 if request.form.get("to") == "up" else 1
    kept.move_part(definition_id, part, steps, current_actor(), clock.now())
    return go(url_for("definition.version", definition_id=definition_id))
