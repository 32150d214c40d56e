"""own words of a mail are a subject and a body, which puts what is ours as blocks

How a mail began and closed in own words becomes a body with our blocks in between: it says what it
said before.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0111"
down_revision = "0110"

Texts = dict[str, dict[str, str]]
Renew = Callable[[str, Texts], Texts]

KEYS = {"wording_drafts": "kind", "wording_versions": "id"}
NEWS = ("details", "coming", "buttons")
ASKS = ("note", "question", "answers", "links", "coming", "portal", "closing")
OFFER = ("note", "teaser", "why", "ending", "buttons", "closing")
ASKING = (
    *("feedback_soon", "feedback_due", "feedback_overdue", "contact_wanted", "completion_wanted"),
    *("reminded", "call_missed"),
)
FOLLOWS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(ASKING, ASKS),
    "lead_offered": OFFER,
    "offer_ends": OFFER,
    "not_yours": ("lead", "details", "stand_by", "portal"),
    "yours_now": (
        *("contact", "address", "teaser", "portal", "question", "answers", "links", "expected"),
        "closing",
    ),
    "recorded": ("recorded", "lead", "details", "undo", "portal"),
    "digest": ("note", "answers", "offers", "by_reply", "rest", "buttons"),
    "weekly_report": ("answers", "figures", "buttons"),
    "shared_out": ("in_short", "figures", "buttons"),
    "weekly_sheet": ("buttons", "leads"),
    "invitation": ("about", "buttons", "validity"),
    "sign_up_confirm": ("buttons", "validity"),
    "sign_up_declined": ("answer", "buttons"),
    "inquiry_thanks": (),
    "who_calls": ("caller", "no_calls"),
    "did_they_call": ("buttons", "no_calls"),
    "form_confirm": ("buttons", "validity"),
}
"""What follows the greeting in the mails that do not just tell of one thing."""


def upgrade() -> None:
    rewrite(op.get_bind(), bodies)


def downgrade() -> None:
    # a body can't be taken apart: what it words has our words, its subject stays
    rewrite(op.get_bind(), subjects)


def rewrite(connection: sa.Connection, renew: Renew) -> None:
    """Write anew what stands in drafts and versions."""
    for name, key in KEYS.items():
        table = sa.table(name, *map(sa.column, {"kind", key}), sa.column("texts", JSONB))
        found = connection.execute(sa.select(table.c[key], table.c.kind, table.c.texts)).all()
        for one, kind, texts in found:
            row = sa.update(table).where(table.c[key] == one)
            connection.execute(row.values(texts=renew(kind, texts)))


def bodies(kind: str, texts: Texts) -> Texts:
    """Return texts with a body in place of how they begin and close."""
    return {
        language: {
            **{slot: said for slot, said in slots.items() if slot == "subject"},
            **({"body": body_of(kind, slots)} if {"opening", "closing"} & set(slots) else {}),
        }
        for language, slots in texts.items()
    }


def body_of(kind: str, slots: dict[str, str]) -> str:
    """Return the body that says what these places said."""
    if kind == "nurture":
        return f"{{{{ letter }}}}\n\n{slots['closing']}"
    said = [slots.get("opening") or "{{ greeting }}"]
    if kind == "weekly_sheet" and "opening" in slots:
        said.append("{{ how }}")
    names = FOLLOWS.get(kind, NEWS)
    said += [f"{{{{ {name} }}}}" for name in names if name != "closing" or "closing" not in slots]
    if "closing" in slots:
        said.append(slots["closing"])
    return "\n\n".join(said)


def subjects(kind: str, texts: Texts) -> Texts:
    """Return texts without a body."""
    kept = {
        language: {slot: said for slot, said in slots.items() if slot == "subject"}
        for language, slots in texts.items()
    }
    return {language: slots for language, slots in kept.items() if slots}
