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
from portal.leads import activation, definition_file
from portal.leads import definition_words as words
from portal.leads import versions as kept
from portal.leads.activation import LeadsStranded, NotComplete, TooBusy, look_ahead
from portal.leads.definition import Content, Part, Question, Status, Type, Way, mark_of
from portal.leads.definition_forms import (
    FileForm,
    NameForm,
    QuestionForm,
    StatusForm,
    TypeForm,
    WayForm,
)
from portal.leads.definition_rules import Difference, check, differences
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
    try:
        draft_id = kept.begin_draft(current_actor(), clock.now(), source_id).id
    except kept.DraftExists as refusal:
        # somebody was faster: there is one to work on together
        flash(refusal.message)
        draft_id = refusal.facts["draft_id"]
    return go(url_for("definition.version", definition_id=draft_id))


@blueprint.get("/definition/<int:definition_id>")
@requires(EDIT)
def version(definition_id: int) -> ResponseReturnValue:
    return show(definition_id)


def show(definition_id: int, form: NameForm | None = None) -> str:
    """Render a version, of a draft what is still missing."""
    found, content = find(definition_id)
    draft = found.state == VersionState.DRAFT
    if form is None:
        form = NameForm(formdata=None, name=found.name)
    return render_template(
        "leads/version.html",
        version=found,
        content=content,
        draft=draft,
        form=form,
        findings=check(content) if draft else [],
        people=kept.people_of([found]),
        words=words,
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
        sections=sections(differences(kept.content_of(other), content) if other else []),
        draft=found.state == VersionState.DRAFT,
    )


def sections(found: Sequence[Difference]) -> list[tuple[str, Any, list[Difference]]]:
    """Return differences by the part of the definition they are in, each with its heading."""
    headings = {
        "types": _("Lead types"),
        "statuses": _("Statuses"),
        "ways": _("Ways"),
        "questions": _("Questions of the script"),
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


@blueprint.get("/definition/<int:definition_id>/types/new")
@requires(EDIT)
def new_type(definition_id: int) -> ResponseReturnValue:
    found, content = find(need_draft_id(definition_id))
    return edit_type(found, content, type_form(content, None), None)


@blueprint.post("/definition/<int:definition_id>/types/new")
@requires(EDIT)
def add_type(definition_id: int) -> ResponseReturnValue:
    return save_type_of(definition_id, None)


@blueprint.get("/definition/<int:definition_id>/types/<key>")
@requires(EDIT)
def type_page(definition_id: int, key: str) -> ResponseReturnValue:
    found, content = find(definition_id)
    one: Type = part_of(content, "types", key)
    need_draft(found)
    return edit_type(found, content, type_form(content, one), one)


@blueprint.post("/definition/<int:definition_id>/types/<key>")
@requires(EDIT)
def save_type(definition_id: int, key: str) -> ResponseReturnValue:
    return save_type_of(definition_id, key)


def need_draft_id(definition_id: int) -> int:
    """Return the id of a draft, or raise `NotFound`, `NoDraft`."""
    return need_draft(kept.get_version(definition_id)).id


def type_form(content: Content, *shown: Type | None) -> TypeForm:
    """Return the form: with what was typed, or showing a type (None: a new one)."""
    form = TypeForm(formdata=None) if shown else TypeForm()
    form.offer_choices(content)
    if shown:
        form.show(content, shown[0])
    return form


def edit_type(found: LeadDefinition, content: Content, form: TypeForm, one: Type | None) -> str:
    """Render the form of a type."""
    return render_template(
        "leads/version_type.html",
        version=found,
        form=form,
        part=one,
        kind=words.KINDS.get(one.kind) if one else None,
        mark=mark_of(content, one) if one else "",
    )


def save_type_of(definition_id: int, key: str | None) -> ResponseReturnValue:
    """Save a type as it was typed, a new one without key."""
    found, content = find(need_draft_id(definition_id))
    one: Type | None = part_of(content, "types", key) if key is not None else None
    form = type_form(content)
    if one is not None:
        # what a type is stays, and is not asked
        form.kind.data = str(one.kind)
    if not form.validate():
        return edit_type(found, content, form, one), 422
    try:
        saved = kept.save_part(
            definition_id,
            form.read(content, one),
            form.seen.data or "",
            current_actor(),
            clock.now(),
        )
    except Invalid as error:
        form.take(error)
        return edit_type(found, content, form, one), 422
    except Conflict as error:
        tell(form, error)
        return edit_type(found, content, form, one), 409
    return back(definition_id, saved)


def tell(form: Any, error: Conflict) -> None:
    """Say that somebody else changed the part; seen now, the next press of Save is meant."""
    form.form_errors.append(error.message)
    form.seen.data = str(error.facts["mark"])


def back(definition_id: int, saved: Part) -> ResponseReturnValue:
    """Go back to the draft after a part of it was saved."""
    flash(_("%(name)s is saved.", name=words.called(saved.names)), "success")
    return go(url_for("definition.version", definition_id=definition_id))


@blueprint.get("/definition/<int:definition_id>/statuses/new")
@requires(EDIT)
def new_status(definition_id: int) -> ResponseReturnValue:
    found, content = find(need_draft_id(definition_id))
    form = StatusForm(formdata=None)
    form.offer_choices(content, "")
    return edit_status(found, content, form, None)


@blueprint.post("/definition/<int:definition_id>/statuses/new")
@requires(EDIT)
def add_status(definition_id: int) -> ResponseReturnValue:
    return save_status_of(definition_id, None)


@blueprint.get("/definition/<int:definition_id>/statuses/<key>")
@requires(EDIT)
def status_page(definition_id: int, key: str) -> ResponseReturnValue:
    found, content = find(definition_id)
    one: Status = part_of(content, "statuses", key)
    need_draft(found)
    form = StatusForm(formdata=None)
    form.offer_choices(content, key)
    form.show(content, one)
    return edit_status(found, content, form, one)


@blueprint.post("/definition/<int:definition_id>/statuses/<key>")
@requires(EDIT)
def save_status(definition_id: int, key: str) -> ResponseReturnValue:
    return save_status_of(definition_id, key)


def edit_status(
    found: LeadDefinition, content: Content, form: StatusForm, one: Status | None
) -> str:
    """Render the form of a status, with the ways that lead on from it."""
    return render_template(
        "leads/version_status.html",
        version=found,
        form=form,
        part=one,
        ways=[way for way in content.ways if one is not None and way.before == one.key],
        content=content,
        words=words,
        mark=mark_of(content, one) if one else "",
    )


def save_status_of(definition_id: int, key: str | None) -> ResponseReturnValue:
    """Save a status and its ways on as they were typed, a new one without key."""
    found, content = find(need_draft_id(definition_id))
    one: Status | None = part_of(content, "statuses", key) if key is not None else None
    form = StatusForm()
    form.offer_choices(content, key or "")
    if not form.validate():
        return edit_status(found, content, form, one), 422
    try:
        saved = kept.save_part(
            definition_id,
            form.read(key or ""),
            form.seen.data or "",
            current_actor(),
            clock.now(),
            form.followers.data or (),
        )
    except Invalid as error:
        form.take(error)
        return edit_status(found, content, form, one), 422
    except Conflict as error:
        tell(form, error)
        return edit_status(found, content, form, one), 409
    return back(definition_id, saved)


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
    return go(url_for("definition.status_page", definition_id=definition_id, key=key))


@blueprint.get("/definition/<int:definition_id>/questions/new")
@requires(EDIT)
def new_question(definition_id: int) -> ResponseReturnValue:
    found, content = find(need_draft_id(definition_id))
    return edit_question(found, content, question_form(content, None), None)


@blueprint.post("/definition/<int:definition_id>/questions/new")
@requires(EDIT)
def add_question(definition_id: int) -> ResponseReturnValue:
    return save_question_of(definition_id, None)


@blueprint.get("/definition/<int:definition_id>/questions/<key>")
@requires(EDIT)
def question_page(definition_id: int, key: str) -> ResponseReturnValue:
    found, content = find(definition_id)
    one: Question = part_of(content, "questions", key)
    need_draft(found)
    return edit_question(found, content, question_form(content, one), one)


@blueprint.post("/definition/<int:definition_id>/questions/<key>")
@requires(EDIT)
def save_question(definition_id: int, key: str) -> ResponseReturnValue:
    return save_question_of(definition_id, key)


def question_form(content: Content, *shown: Question | None) -> QuestionForm:
    """Return the form: with what was typed, or showing a question (None: a new one)."""
    form = QuestionForm(formdata=None) if shown else QuestionForm()
    form.offer_choices(content)
    if shown:
        form.show(content, shown[0])
    return form


def edit_question(
    found: LeadDefinition, content: Content, form: QuestionForm, one: Question | None
) -> str:
    """Render the form of a question."""
    return render_template(
        "leads/version_question.html",
        version=found,
        form=form,
        part=one,
        mark=mark_of(content, one) if one else "",
    )


def save_question_of(definition_id: int, key: str | None) -> ResponseReturnValue:
    """Save a question as it was typed, a new one without key."""
    found, content = find(need_draft_id(definition_id))
    one: Question | None = part_of(content, "questions", key) if key is not None else None
    form = question_form(content)
    if not form.validate():
        return edit_question(found, content, form, one), 422
    try:
        saved = kept.save_part(
            definition_id,
            form.read(content, key or ""),
            form.seen.data or "",
            current_actor(),
            clock.now(),
        )
    except Invalid as error:
        form.take(error)
        return edit_question(found, content, form, one), 422
    except Conflict as error:
        tell(form, error)
        return edit_question(found, content, form, one), 409
    return back(definition_id, saved)


PLACES = ("types", "statuses", "questions")


def place_named(slug: str) -> str:
    """Return a list of parts that an address names, or raise NotFound."""
    if slug not in PLACES:
        raise NotFound()
    return slug


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
