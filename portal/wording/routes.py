"""Pages of the programme's own words: all mails, the words of one, how it reads, its versions."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import ndiff
from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.mail.rendering import TooLarge
from portal.web.access import requires
from portal.web.htmx import go, wants_fragment
from portal.web.limits import limiter
from portal.wording import operations, queries, samples, words
from portal.wording.forms import WordingForm
from portal.wording.kinds import BODY, GROUPS, KEPT, KINDS, LANGUAGES, Kind
from portal.wording.models import Texts
from portal.wording.rules import Unsound
from portal.wording.samples import Shown

blueprint = Blueprint("wording", __name__, url_prefix="/mail-wording")

EDIT = Permission.RULES_EDIT
DRAFT, NOW, OURS = "draft", "now", "ours"
# nothing of a mail lives in the frame, nor can it leave it
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
)


def kind_of(slug: str) -> Kind:
    """Return a kind of mail that can be worded, or raise NotFound."""
    found = KINDS.get(slug)
    if found is None:
        raise NotFound()
    return found


def words_of(kind: Kind, which: str) -> Texts:
    """Return the words of the draft, those that count now, or none, which stands for ours."""
    if which == DRAFT and (draft := queries.find_draft(kind.key)) is not None:
        return draft.texts
    if which == OURS or (newest := queries.find_newest(kind.key)) is None:
        return {}
    return newest.texts


class Look:
    """How somebody wants to look at a mail: in which words and language, by day or by night."""

    def __init__(self, kind: Kind, given: Mapping[str, str]) -> None:
        here = str(get_locale())[:2]
        self.has_draft = queries.find_draft(kind.key) is not None
        usual = DRAFT if self.has_draft else NOW
        self.which = _one_of(given.get("which", ""), (DRAFT, NOW, OURS), usual)
        if self.which == DRAFT and not self.has_draft:
            self.which = NOW
        language = here if here in LANGUAGES else LANGUAGES[0]
        self.language = _one_of(given.get("language", ""), LANGUAGES, language)
        self.dark = given.get("dark", "") == "yes"

    @property
    def asked(self) -> dict[str, Any]:
        """Return it as the address of a page has it."""
        found = {"which": self.which, "language": self.language}
        return {**found, "dark": "yes"} if self.dark else found


def _one_of(given: str, allowed: tuple[str, ...], otherwise: str) -> str:
    return given if given in allowed else otherwise


@blueprint.get("")
@requires(EDIT)
def kinds() -> ResponseReturnValue:
    active, drafted = queries.read_active(), queries.list_drafted()
    return render_template(
        "wording/kinds.html",
        groups=[
            (heading, [one for one in KINDS.values() if one.group == group])
            for group, heading in GROUPS.items()
        ],
        active=active,
        drafted=drafted,
        kept=KEPT,
    )


@blueprint.get("/<slug>")
@requires(EDIT)
def kind(slug: str) -> ResponseReturnValue:
    found = kind_of(slug)
    seen = queries.mark_of(found.key)
    return show(found, WordingForm.filled(found, words_of(found, DRAFT), seen)), 200


def show(found: Kind, form: WordingForm, theirs: list[Any] | None = None) -> str:
    """Render the words of a mail: as they stand, or as they were typed."""
    look = Look(found, request.args)
    shown, problem = shown_of(found, look)
    versions = queries.list_versions(found.key)
    draft = queries.find_draft(found.key)
    people = {one.by_user_id for one in versions} | ({draft.by_user_id} if draft else set())
    return render_template(
        "wording/kind.html",
        kind=found,
        form=form,
        look=look,
        shown=shown,
        problem=problem,
        draft=draft,
        versions=versions,
        newest=versions[0] if versions else None,
        names=queries.names_of(people),
        theirs=theirs or [],
        words=words,
        languages=LANGUAGES,
        seen=queries.mark_of(found.key),
    )


def shown_of(found: Kind, look: Look) -> tuple[Shown | None, str]:
    """Return a mail to look at; or why there is none."""
    texts = words_of(found, look.which).get(look.language, {})
    try:
        return samples.show(found, texts, look.language, current_actor(), clock.now()), ""
    except Unsound as unsound:
        return None, words.said(unsound.problem, found)
    except TooLarge:
        return None, str(_("With this the mail becomes too large to go out in these words."))


@blueprint.post("/<slug>")
@requires(EDIT)
def save(slug: str) -> ResponseReturnValue:
    """Keep what was typed as the draft; where that was pressed, let it count at once."""
    found, actor, at = kind_of(slug), current_actor(), clock.now()
    form = WordingForm.of(found)
    texts, use = form.texts(found), request.form.get("then") == "use"
    if not form.validate():
        return show(found, form), 422
    try:
        draft = operations.save(found, texts, form.seen.data or "", actor, at)
        if use:
            operations.activate(found, queries.mark_of(found.key), actor, at)
    except Invalid as error:
        form.take(error)
        return show(found, form), 422
    except Conflict as conflict:
        form.seen.data = queries.mark_of(found.key)
        again = _("What you typed is still here; save once more to put it in their place.")
        form.form_errors.append(f"{conflict.message} {again}")
        theirs = differences(found, words_of(found, DRAFT), operations.cleaned(found, texts))
        return show(found, form, theirs), 409
    if use:
        flash(_("These words count from now on.") if draft else _("Nothing was changed."))
    elif wants_fragment():
        seen = queries.mark_of(found.key)
        return show(found, WordingForm.filled(found, words_of(found, DRAFT), seen)), 200
    else:
        flash(_("Saved. Mails go out as before until you let it count."))
    return go(url_for("wording.kind", slug=slug, **_kept_look(found)))


def _kept_look(found: Kind) -> dict[str, Any]:
    return Look(found, {**request.args, "which": ""}).asked


@blueprint.post("/<slug>/draft/removal")
@requires(EDIT)
def drop(slug: str) -> ResponseReturnValue:
    found = kind_of(slug)
    operations.drop(found, request.form.get("seen", ""), current_actor(), clock.now())
    flash(_("The draft is gone."))
    return go(url_for("wording.kind", slug=slug))


@blueprint.post("/<slug>/reset")
@requires(EDIT)
def reset(slug: str) -> ResponseReturnValue:
    found = kind_of(slug)
    operations.reset(found, request.form.get("seen", ""), current_actor(), clock.now())
    flash(_("This mail has the original words again."))
    return go(url_for("wording.kind", slug=slug))


@blueprint.post("/<slug>/test")
@requires(EDIT)
@limiter.limit("20/hour")
def test(slug: str) -> ResponseReturnValue:
    """Send the mail to who asks for it."""
    found, actor, at = kind_of(slug), current_actor(), clock.now()
    look = Look(found, request.form)
    texts = words_of(found, look.which).get(look.language, {})
    try:
        sent = samples.try_out(found, texts, look.language, actor, at)
    except (Unsound, TooLarge):
        sent = False
    if sent:
        operations.note_test(found, look.language, actor, at)
        flash(_("A test is on its way to %(address)s.", address=actor.email), "success")
    else:
        flash(_("There is nothing yet that this mail could tell of."))
    return go(url_for("wording.kind", slug=slug, **look.asked))


@blueprint.get("/<slug>/mail")
@requires(EDIT)
def mail(slug: str) -> ResponseReturnValue:
    """Answer with a mail as it is seen; it stands in a frame of the page about its words."""
    found = kind_of(slug)
    look = Look(found, request.args)
    shown, _problem = shown_of(found, look)
    if shown is None or not shown.mail.html:
        raise NotFound()
    response = Response(samples.seen(shown, clock.now(), dark=look.dark), mimetype="text/html")
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


# -- versions -----------------------------------------------------------------------------------


@blueprint.get("/<slug>/versions/<int:number>")
@requires(EDIT)
def version(slug: str, number: int) -> ResponseReturnValue:
    found = kind_of(slug)
    return show_version(found, number), 200


def show_version(found: Kind, number: int, errors: Mapping[str, str] | None = None) -> str:
    """Render a version, and what it says differently from the one before."""
    one = queries.get_version(found.key, number)
    before: Texts = queries.get_version(found.key, number - 1).texts if number > 1 else {}
    newest = queries.find_newest(found.key)
    return render_template(
        "wording/version.html",
        kind=found,
        version=one,
        newest=newest,
        changes=differences(found, before, one.texts),
        names=queries.names_of({one.by_user_id}),
        words=words,
        languages=LANGUAGES,
        errors=errors or {},
        seen=queries.mark_of(found.key),
    )


@blueprint.post("/<slug>/versions/<int:number>/restoration")
@requires(EDIT)
def restore(slug: str, number: int) -> ResponseReturnValue:
    found, seen = kind_of(slug), request.form.get("seen", "")
    try:
        new = operations.restore(found, number, seen, current_actor(), clock.now())
    except Invalid as error:
        return show_version(found, number, error.errors), 422
    flash(
        _(
            "Version %(old)d counts again, as version %(new)d.",
            old=number,
            new=new.number,
        )
    )
    return go(url_for("wording.kind", slug=slug))


def differences(found: Kind, before: Texts, after: Texts) -> list[Any]:
    """Return what changed: place, language, and its lines, each "-", "+" or " " and the text.

    A body that is ours is compared as its blocks.
    """
    ours = {BODY: found.skeleton}
    return [
        (words.SLOTS[slot], words.LANGUAGES[language], _lines(one, other))
        for slot in words.SLOTS
        for language in LANGUAGES
        if (one := before.get(language, {}).get(slot, ours.get(slot, "")))
        != (other := after.get(language, {}).get(slot, ours.get(slot, "")))
    ]


def _lines(before: str, after: str) -> list[tuple[str, str]]:
    found = ndiff(before.splitlines(), after.splitlines())
    return [(line[0], line[2:]) for line in found if line[0] != "?"]
