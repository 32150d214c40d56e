"""Verbs of web forms: make one, change it, take in what somebody sent, confirm it, forget it."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.accounts.actor import Actor
from portal.campaigns import consent
from portal.campaigns.queries import find_by_key, find_campaign
from portal.catalog.models import CustomField
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.core.tokens import hash_secret, new_secret
from portal.duplicates.entrance import take_in
from portal.leads import own_fields
from portal.leads.basis import Basis, BasisKind
from portal.leads.operations import ContactDraft, Draft
from portal.leads.queries import get_definition
from portal.web_forms import queries, rules, wall
from portal.web_forms.events import FormAnswered, FormChanged, FormMade, FormWaits
from portal.web_forms.models import EntryState, FormEntry, FormEntryWords, FormKind, WebForm
from portal.web_forms.rules import Asked, ExtraKind
from portal.web_forms.starting import START_FIELDS, START_SOURCE, START_WORDS

SOURCE_SYSTEM = "web-form"
WAITS = timedelta(days=7)
MOST_SITES = 20
CONTACT = ("company", "first_name", "last_name", "role", "email", "phone", "street", "postcode")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDraft:
    """A form as somebody wants it; `words` by language and name."""

    name: str
    active: bool = True
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fields: Sequence[Asked] = ()
    type_key: str = ""
    source_id: int | None = None
    campaign_id: int | None = None
    consent_key: str | None = None
    confirms: bool = False
    thanks: bool = True
    sites: Sequence[str] = ()
    event_at: datetime | None = None
    event_place: str | None = None
    calm: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What somebody sent: texts by name of the field, and on which way he came.

    `mark` tells two presses of one page apart from two inquiries. `agreed` to the consent that the
    page showed.
    """

    typed: Mapping[str, Any]
    agreed: str | None = None
    search_term: str = ""
    origin: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    locale: str = "en"


# -- forms ------------------------------------------------------------------------------------


def make_form(kind: str, name: str, actor: Actor, at: datetime) -> WebForm:
    """Make a form of a kind with texts to begin with, not yet in use. Raises `Invalid`."""
    name = name.strip()
    if kind not in list(FormKind):
        raise Invalid({"kind": _("Please choose one.")})
    if not name or len(name) > 120:
        raise Invalid({"name": _("Please give it a name.")})
    source = book().by_key.get(("source", START_SOURCE[FormKind(kind)]))
    types = get_definition().types.values()
    form = WebForm(
        key=free_key(name),
        kind=kind,
        name=name,
        active=False,
        words={code: dict(words) for code, words in START_WORDS[FormKind(kind)].items()},
        fields=[asdict(one) for one in START_FIELDS[FormKind(kind)]],
        type_key=next(iter(one.key for one in types), "organisation"),
        source_id=source.id if source else None,
        created_at=at,
        created_by=actor.id,
    )
    session().add(form)
    session().flush()
    record(FormMade(at=at, form_id=form.id, user_id=actor.id))
    return form


def free_key(name: str) -> str:
    """Return an address that no form has, made of a name: "Free trial!" → "free-trial"."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    wanted = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or "form"
    key, number = wanted, 2
    while queries.find_form(key) is not None:
        key, number = f"{wanted}-{number}", number + 1
    return key


def save_form(form_id: int, draft: FormDraft, actor: Actor, at: datetime, version: int) -> WebForm:
    """Change a form. Raises `Invalid`, `Conflict` where somebody else did meanwhile, `NotFound`."""
    form = session().get(WebForm, form_id, with_for_update=True, populate_existing=True)
    if form is None:
        raise NotFound()
    draft = tidied(draft)
    check(form, draft)
    values: dict[str, Any] = {
        **{name: getattr(draft, name) for name in FormDraft.__dataclass_fields__},
        "words": {code: dict(words) for code, words in draft.words.items()},
        "fields": [json.loads(json.dumps(asdict(one))) for one in draft.fields],
        "sites": list(draft.sites),
    }
    changed = [name for name, value in values.items() if getattr(form, name) != value]
    if not changed:
        return form
    if version != form.version:
        raise Conflict(
            _(
                "Somebody else changed this form while you worked on it. What you typed is still "
                "here; please compare before you save again."
            )
        )
    for name in changed:
        setattr(form, name, values[name])
    form.version += 1
    session().flush()
    record(FormChanged(at=at, form_id=form.id, user_id=actor.id, fields=sorted(changed)))
    return form


def tidied(draft: FormDraft) -> FormDraft:
    """Return a draft without empty texts and fields, sites as origins where they are such."""
    words = {
        code: {name: text.strip() for name, text in words.items() if text and text.strip()}
        for code, words in draft.words.items()
    }
    sites = [rules.origin_of(one) or one.strip() for one in draft.sites if one.strip()]
    return replace(
        draft,
        name=draft.name.strip(),
        words={code: texts for code, texts in words.items() if texts},
        sites=list(dict.fromkeys(sites)),
        event_place=(draft.event_place or "").strip() or None,
        consent_key=draft.consent_key or None,
    )


def check(form: WebForm, draft: FormDraft) -> None:
    """Raise `Invalid` naming what of a form can't be so."""
    errors: dict[str, str] = {}
    if not draft.name or len(draft.name) > 120:
        errors["name"] = _("Please give it a name.")
    if not rules.speaks(draft.words):
        errors["title_en"] = _("Please give it a title.")
    for code, texts in draft.words.items():
        for name, text in texts.items():
            if len(text) > rules.LONGEST[name]:
                errors[f"{name}_{code}"] = _(
                    "Please keep it under %(most)d characters.", most=rules.LONGEST[name]
                )
            elif name.startswith("mail_") and (unknown := rules.unknown_merge(text)):
                errors[f"{name}_{code}"] = _("There is no merge field {%(name)s}.", name=unknown[0])
        if code in rules.speaks(draft.words) and draft.thanks:
            for name in ("mail_subject", "mail_text"):
                if not texts.get(name):
                    errors.setdefault(f"{name}_{code}", _("Please write what the mail says."))
    names = {one.name: one for one in draft.fields}
    if not any(name in names and names[name].required for name in rules.REACHED_BY):
        errors["fields"] = _("Please require the e-mail address or the phone number.")
    if draft.confirms and not ("email" in names and names["email"].required):
        errors["confirms"] = _("Only a required e-mail address can be confirmed.")
    own = {one.key for one in own_fields.ever()}
    for one in draft.fields:
        if one.name.startswith(rules.OWN) and one.name.removeprefix(rules.OWN) not in own:
            errors["fields"] = _("There is no such field.")
        if one.name.startswith(rules.EXTRA):
            errors |= _check_extra(one)
    if draft.type_key not in {one.key for one in get_definition().types.values()}:
        errors["type_key"] = _("Please choose one.")
    source = book().by_id.get(draft.source_id) if draft.source_id else None
    if draft.source_id and (source is None or source.kind != "source"):
        errors["source_id"] = _("Please choose one of the list.")
    if draft.campaign_id and find_campaign(draft.campaign_id) is None:
        errors["campaign_id"] = _("Please choose one of the list.")
    if draft.consent_key and consent.find_newest(draft.consent_key) is None:
        errors["consent_key"] = _("Please choose one of the list.")
    for site in draft.sites:
        if rules.origin_of(site) != site:
            errors["sites"] = _("“%(site)s” is no address of a site: https://…", site=site[:60])
    if len(draft.sites) > MOST_SITES:
        errors["sites"] = _("Please name %(most)d sites at most.", most=MOST_SITES)
    if not 1 <= draft.calm <= 1_000_000:
        errors["calm"] = _("Please give a whole number.")
    if form.kind != FormKind.EVENT and (draft.event_at or draft.event_place):
        errors["event_at"] = _("Only a registration has an event.")
    if len(draft.event_place or "") > 200:
        errors["event_place"] = _("Please keep it under %(most)d characters.", most=200)
    if errors:
        raise Invalid(errors)


def _check_extra(one: Asked) -> dict[str, str]:
    if any(len(label) > 200 for label in one.labels.values()):
        return {f"{one.name}-en": _("Please keep it under %(most)d characters.", most=200)}
    if one.kind not in list(ExtraKind):
        return {f"{one.name}-kind": _("Please choose one.")}
    if one.kind == ExtraKind.CHOICE and not 2 <= len(one.choices) <= rules.MOST_CHOICES:
        return {f"{one.name}-choices": _("Please give two choices or more, one a line.")}
    return {}


# -- what somebody sends ----------------------------------------------------------------------


def answer(form: WebForm, sent: Sent, at: datetime) -> FormEntry:
    """Take in what somebody sent, or let it wait for the press of its mail; return its entry.

    The same press twice is one entry. Raises `Invalid` at the names of the form's fields.
    """
    waits = form.confirms
    entry: FormEntry | None = session().scalar(
        upsert(FormEntry)
        .values(
            form_id=form.id,
            at=at,
            state=EntryState.WAITING if waits else EntryState.TAKEN,
            locale=sent.locale,
            digest=digest_of(form, sent, at),
            consent=sent.agreed,
            expires_at=at + WAITS if waits else None,
        )
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(FormEntry)
    )
    if entry is None:
        found = select(FormEntry).where(FormEntry.digest == digest_of(form, sent, at))
        return session().scalars(found).one()
    kept = {
        "typed": dict(sent.typed),
        "search_term": sent.search_term,
        "origin": dict(sent.origin),
    }
    if waits:
        # what can't be taken in is told now, not when the mail is pressed
        draft_of(form, entry, kept, at)
        keep_words(entry.id, kept)
        record(FormWaits(at=at, form_id=form.id, entry_id=entry.id))
        return entry
    bring_in(form, entry, kept, at)
    return entry


def is_taken(form: WebForm, sent: Sent, at: datetime) -> bool:
    """Say whether this very press is in already."""
    found = select(FormEntry.id).where(FormEntry.digest == digest_of(form, sent, at))
    return session().scalar(found) is not None


def digest_of(form: WebForm, sent: Sent, at: datetime) -> bytes:
    """Return the mark of one press; a page of somebody else's is told by the day."""
    mark = sent.mark or f"{at:%Y-%m-%d}"
    said = json.dumps([form.id, mark, sent.typed], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).digest()


def keep_words(entry_id: int, kept: Mapping[str, Any]) -> None:
    """Keep what was typed behind the wall."""
    with wall.open_for([entry_id], session()) as opened:
        opened.add(FormEntryWords(entry_id=entry_id, typed=dict(kept)))


def words_of(entry_id: int) -> dict[str, Any]:
    """Return what was typed, {} where it is not kept any more."""
    with wall.open_for([entry_id], session()) as opened:
        row = opened.get(FormEntryWords, entry_id)
        return dict(row.typed) if row else {}


def forget_words(entry_id: int) -> None:
    """Forget what was typed."""
    with wall.open_for([entry_id], session()) as opened:
        opened.execute(delete(FormEntryWords).where(FormEntryWords.entry_id == entry_id))


def bring_in(form: WebForm, entry: FormEntry, kept: Mapping[str, Any], at: datetime) -> None:
    """Let an entry become a lead, or news of one. Raises `Invalid`."""
    taken = take_in(draft_of(form, entry, kept, at), at)
    entry.state, entry.lead_id = EntryState.TAKEN, taken.lead.id
    typed = kept["typed"]
    if form.thanks and typed.get("email"):
        # as long as it takes to thank
        thanked = {name: typed.get(name, "") for name in ("email", *rules.MERGE)}
        keep_words(entry.id, {"typed": thanked})
    session().flush()
    record(FormAnswered(at=at, form_id=form.id, entry_id=entry.id))


def draft_of(form: WebForm, entry: FormEntry, kept: Mapping[str, Any], at: datetime) -> Draft:
    """Return the inquiry that an entry is."""
    typed, origin = kept["typed"], kept.get("origin") or {}
    named = find_by_key(origin["utm_campaign"]) if origin.get("utm_campaign") else None
    source = book().by_id.get(form.source_id) if form.source_id else None
    return Draft(
        title=form.name[:160],
        type_key=form.type_key,
        source_system=SOURCE_SYSTEM,
        external_id=str(entry.id),
        source_key=source.key if source else None,
        country=typed.get("country") or None,
        city=typed.get("city") or None,
        language=entry.locale[:2],
        product_keys=tuple(one for one in (typed.get("product"),) if one),
        contact=ContactDraft(
            **{name: typed.get(name) or "" for name in CONTACT}, note=note_of(form, entry, typed)
        ),
        campaign_id=named.id if named else form.campaign_id,
        search_term=kept.get("search_term") or "",
        origin=origin,
        basis=Basis(BasisKind.CONSENT, entry.consent, at)
        if entry.consent
        else Basis(BasisKind.ASKED, at=at),
        captured_at=entry.at,
        custom={one.key: typed[f"{rules.OWN}{one.key}"] for one in own_in(typed)},
    )


def own_in(typed: Mapping[str, Any]) -> list[CustomField]:
    """Return the programme's own fields, of those in use by now, that were filled in."""
    return [one for one in own_fields.in_use() if typed.get(f"{rules.OWN}{one.key}")]


def note_of(form: WebForm, entry: FormEntry, typed: Mapping[str, Any]) -> str:
    """Return what was written, and the answers that have no place of their own on a lead."""
    lines = [typed.get("message") or ""]
    lines += [
        f"{one.label(entry.locale)}: {typed[one.name]}"
        for one in rules.asked_of(form.fields)
        if one.name.startswith(rules.EXTRA) and typed.get(one.name)
    ]
    in_use = {one.key for one in own_fields.in_use()}
    lines += [
        f"{one.label(entry.locale)}: {typed[f'{rules.OWN}{one.key}']}"
        for one in own_fields.ever()
        if one.key not in in_use and typed.get(f"{rules.OWN}{one.key}")
    ]
    return "\n".join(filter(None, lines))


# -- confirming -------------------------------------------------------------------------------


def open_confirmation(entry: FormEntry) -> str:
    """Return the secret that confirms an entry; only its hash is kept."""
    secret = new_secret()
    entry.secret_hash = hash_secret(secret)
    session().flush()
    return secret


def confirm(secret: str, at: datetime) -> FormEntry:
    """Take in what waited for this press; twice is fine. Raises `NotFound`."""
    found = queries.find_waiting(secret, at)
    if found is None:
        raise NotFound()
    entry = session().get_one(FormEntry, found.id, with_for_update=True, populate_existing=True)
    if entry.state == EntryState.TAKEN:
        return entry
    kept = words_of(entry.id)
    if entry.state != EntryState.WAITING or not kept:
        raise NotFound()
    forget_words(entry.id)
    entry.confirmed_at = at
    bring_in(queries.get_form(entry.form_id), entry, kept, at)
    return entry


def forget(entry_id: int, at: datetime) -> None:
    """Forget what was never confirmed, and words that nobody needs any more."""
    entry = session().get(FormEntry, entry_id, with_for_update=True, populate_existing=True)
    if entry is None:
        return
    if entry.state == EntryState.WAITING:
        if entry.expires_at is None or entry.expires_at > at:
            return
        entry.state, entry.secret_hash = EntryState.LAPSED, None
    forget_words(entry.id)
