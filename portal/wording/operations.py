"""Verbs of the programme's own words: write a draft, let it count, bring a version back, reset.

Who writes names the mark that he saw; who saw something older is refused. One after the other
writes to a kind of mail. What counts was tried with all examples and stands in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select, text

from portal.accounts.actor import Actor
from portal.core.db import ask, session
from portal.core.errors import Conflict, Invalid
from portal.core.events import record
from portal.wording import queries, rules, words
from portal.wording.events import (
    WordingActivated,
    WordingDraftDropped,
    WordingDrafted,
    WordingFailed,
    WordingTried,
)
from portal.wording.kinds import BODY, LANGUAGES, SUBJECT, Kind, examples_of
from portal.wording.models import Origin, Texts, WordingDraft, WordingVersion

IN_LINE = text("SELECT pg_advisory_xact_lock(hashtext('wording'), hashtext(:kind))")


def save(kind: Kind, texts: Texts, seen: str, actor: Actor, at: datetime) -> WordingDraft | None:
    """Keep what was written as the draft; None where that is what counts already.

    Raises `Conflict` where somebody was faster, `Invalid` by field (`body_de`) where a text
    can't be used.
    """
    _begin(kind, seen)
    written = cleaned(kind, texts)
    check(kind, written)
    draft, newest = queries.find_draft(kind.key), queries.find_newest(kind.key)
    if draft is None and written == (newest.texts if newest else {}):
        return None
    if draft is None:
        draft = WordingDraft(kind=kind.key)
        session().add(draft)
    elif draft.texts == written:
        return draft
    draft.texts, draft.by_user_id, draft.saved_at = written, actor.id, at
    session().flush()
    record(WordingDrafted(at=at, user_id=actor.id, kind=kind.key))
    return draft


def drop(kind: Kind, seen: str, actor: Actor, at: datetime) -> None:
    """Throw the draft away."""
    _begin(kind, seen)
    draft = queries.find_draft(kind.key)
    if draft is not None:
        session().delete(draft)
        session().flush()
        record(WordingDraftDropped(at=at, user_id=actor.id, kind=kind.key))


def activate(kind: Kind, seen: str, actor: Actor, at: datetime) -> WordingVersion | None:
    """Let the draft count from now on; None where there is none.

    Raises `Invalid` by field where a text can't be used, or stands in one language only.
    """
    _begin(kind, seen)
    draft = queries.find_draft(kind.key)
    if draft is None:
        return None
    texts: Texts = draft.texts
    check(kind, texts)
    check_languages(kind, texts)
    session().delete(draft)
    return _count(kind, texts, Origin.WRITTEN if texts else Origin.RESET, actor, at)


def restore(kind: Kind, number: int, seen: str, actor: Actor, at: datetime) -> WordingVersion:
    """Have a version count again, as a new one; a draft stays.

    Raises `Invalid` where it can't be used any more.
    """
    texts: Texts = queries.get_version(kind.key, number).texts
    _begin(kind, seen)
    check(kind, texts)
    check_languages(kind, texts)
    return _count(kind, texts, Origin.RESTORED, actor, at, restores=number)


def reset(kind: Kind, seen: str, actor: Actor, at: datetime) -> WordingVersion | None:
    """Have our words count again; None where they do. A draft stays."""
    _begin(kind, seen)
    newest = queries.find_newest(kind.key)
    if newest is None or not newest.texts:
        return None
    return _count(kind, {}, Origin.RESET, actor, at)


def _begin(kind: Kind, seen: str) -> None:
    """Have one after the other write; raise `Conflict` where somebody wrote since it was seen."""
    ask(IN_LINE, {"kind": kind.key})
    if seen != queries.mark_of(kind.key):
        raise Conflict(
            _("Somebody else has changed these words in the meantime. Please look at them again.")
        )


def _count(
    kind: Kind,
    texts: Texts,
    origin: Origin,
    actor: Actor,
    at: datetime,
    restores: int | None = None,
) -> WordingVersion:
    newest = queries.find_newest(kind.key)
    version = WordingVersion(
        kind=kind.key,
        number=newest.number + 1 if newest else 1,
        texts=texts,
        origin=origin,
        restores=restores,
        by_user_id=actor.id,
        created_at=at,
    )
    session().add(version)
    session().flush()
    queries.forget_active()
    record(
        WordingActivated(
            at=at, user_id=actor.id, kind=kind.key, number=version.number, origin=origin
        )
    )
    return version


def cleaned(kind: Kind, texts: Texts) -> Texts:
    """Return what was written without what is empty or ours, and with line ends of one kind."""
    found = {
        language: {
            slot: plain
            for slot in kind.slots
            if (plain := rules.harmless(texts.get(language, {}).get(slot, "")).strip())
            and not (slot == BODY and _bare(plain) == _bare(kind.skeleton))
        }
        for language in LANGUAGES
    }
    return {language: slots for language, slots in found.items() if slots}


def _bare(source: str) -> str:
    return "".join(source.split())


def check(kind: Kind, texts: Texts) -> None:
    """Try each text with all examples. Raises `Invalid` by field."""
    errors = {
        f"{slot}_{language}": said
        for language, slots in texts.items()
        for slot, source in slots.items()
        if (said := _said_of(kind, slot, source))
    }
    if errors:
        raise Invalid(errors)


def _said_of(kind: Kind, slot: str, source: str) -> str:
    problems = rules.problems_of(
        source,
        kind.names,
        examples_of(kind),
        blocks=kind.parts if slot == BODY else (),
        needed=kind.needed.get(slot, ()),
        subject=slot == SUBJECT,
    )
    return " ".join(words.said(one, kind) for one in problems[:3])


def check_languages(kind: Kind, texts: Mapping[str, Mapping[str, str]]) -> None:
    """See to it that what is written in one language is in all. Raises `Invalid` by field."""
    used = {slot for slots in texts.values() for slot in slots}
    errors = {
        f"{slot}_{language}": words.missing_language(language)
        for slot in kind.slots
        for language in LANGUAGES
        if slot in used and slot not in texts.get(language, {})
    }
    if errors:
        raise Invalid(errors)


def note_failure(version_id: int, code: str, at: datetime) -> None:
    """Note, once, that a mail went out with our words because a version's could not be written.

    Where somebody else notes the same at this moment nobody waits for him.
    """
    version = session().scalar(
        select(WordingVersion)
        .where(WordingVersion.id == version_id, WordingVersion.failed_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    if version is None:
        return
    version.failed_at, version.failure = at, code
    session().flush()
    record(WordingFailed(at=at, version_id=version.id, kind=version.kind, code=code))


def note_test(kind: Kind, language: str, actor: Actor, at: datetime) -> None:
    """Note that somebody sent a mail with own words to himself."""
    record(WordingTried(at=at, user_id=actor.id, kind=kind.key, language=language))
