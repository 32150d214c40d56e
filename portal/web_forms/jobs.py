"""Jobs of web forms: the mails that follow, and forgetting what nobody needs any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.core.db import session
from portal.core.jobs import sweep
from portal.core.reactions import reaction
from portal.web_forms import mails, operations
from portal.web_forms.events import FormAnswered, FormWaits
from portal.web_forms.models import EntryState, FormEntry


@reaction("web_forms.thank", queue="mail")
def thank(event: FormAnswered, at: datetime) -> None:
    mails.thank(event.entry_id, at)


@reaction("web_forms.ask_to_confirm", queue="mail")
def ask_to_confirm(event: FormWaits, at: datetime) -> None:
    mails.ask_to_confirm(event.entry_id, at)


def lapsed(at: datetime) -> Sequence[int]:
    """Return what waited in vain for the press of its mail."""
    return (
        session()
        .scalars(
            select(FormEntry.id)
            .where(
                FormEntry.state == EntryState.WAITING,
                FormEntry.at < at - operations.WAITS + timedelta(hours=1),
                FormEntry.expires_at < at,
            )
            .order_by(FormEntry.id)
            .limit(1000)
        )
        .all()
    )


@sweep("web_forms.forget", lapsed, queue="bulk")
def forget(entry_id: int, at: datetime) -> None:
    operations.forget(entry_id, at)
