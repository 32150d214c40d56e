"""What somebody does by himself is kept with the lead, and told on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from portal.leads.models import LeadSignal
from portal.leads.removal import remove
from portal.leads.signals import add_signal, list_signals
from tests.factories import AT, make_lead


def test_a_signal_is_kept_told_on_and_gone_with_its_lead(ctx: Flask) -> None:
    lead = make_lead()
    add_signal(lead.id, "visit", AT - timedelta(days=1), source="site", now=AT)
    add_signal(lead.id, "reply", AT, weight=200)
    assert [one.kind for one in list_signals(lead.id)] == ["reply", "visit"]
    told = session().scalars(select(EventRow.data).filter_by(name="SignalSeen")).all()
    assert {one["kind"] for one in told} == {"visit", "reply"}
    remove(lead)
    assert session().scalar(select(func.count(LeadSignal.id))) == 0


@pytest.mark.parametrize(
    ("kind", "ahead", "more", "field"),
    [
        ("stare", 0, {}, "kind"),
        ("visit", 48, {}, "at"),
        ("visit", 0, {"weight": 0}, "weight"),
        ("visit", 0, {"source": "a" * 61}, "source"),
    ],
)
def test_what_cannot_be_a_signal_is_refused(
    ctx: Flask, kind: str, ahead: int, more: dict[str, object], field: str
) -> None:
    lead = make_lead()
    with pytest.raises(Invalid) as refused:
        add_signal(lead.id, kind, AT + timedelta(hours=ahead), now=AT, **more)  # type: ignore[arg-type]
    assert list(refused.value.errors) == [field]
    with pytest.raises(NotFound):
        add_signal(lead.id + 1, "visit", AT)
