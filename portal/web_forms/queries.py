"""Reads of web forms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal.core.db import AnyRow, session
from portal.core.errors import NotFound
from portal.core.tokens import hash_secret
from portal.web_forms.models import EntryState, FormEntry, WebForm


def find_form(key: str) -> WebForm | None:
    """Return a form by its address."""
    return session().scalar(select(WebForm).where(WebForm.key == key))


def get_form(form_id: int) -> WebForm:
    """Return a form. Raises `NotFound`."""
    form = session().get(WebForm, form_id)
    if form is None:
        raise NotFound()
    return form


def is_open(form: WebForm, at: datetime) -> bool:
    """Tell whether a form takes something in: it is in use, and its event has not begun."""
    return form.active and (form.event_at is None or form.event_at > at)


def list_forms(at: datetime) -> Sequence[AnyRow]:
    """Return all forms with what came by them: in the last 30 days, and waiting."""
    since = at - timedelta(days=30)
    counts = (
        select(
            FormEntry.form_id,
            func.count().filter(FormEntry.state == EntryState.TAKEN).label("taken"),
            func.count().filter(FormEntry.state == EntryState.WAITING).label("waiting"),
        )
        .where(FormEntry.at >= since)
        .group_by(FormEntry.form_id)
        .subquery()
    )
    return (
        session()
        .execute(
            select(WebForm, counts.c.taken, counts.c.waiting)
            .outerjoin(counts, counts.c.form_id == WebForm.id)
            .order_by(WebForm.active.desc(), func.lower(WebForm.name), WebForm.id)
        )
        .all()
    )


def find_waiting(secret: str, at: datetime) -> FormEntry | None:
    """Return what a mail's link confirms, confirmed already or not, as long as it opens."""
    return session().scalar(
        select(FormEntry).where(
            FormEntry.secret_hash == hash_secret(secret),
            FormEntry.state != EntryState.LAPSED,
            FormEntry.expires_at > at,
        )
    )
