"""What the channel manager of the demo has put into own words: a mail, and a draft of another."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.queries import get_actor
from portal.core import circumstances
from portal.demo.stage import Stage
from portal.wording import operations
from portal.wording.kinds import KINDS
from portal.wording.models import Texts
from portal.wording.queries import mark_of

OFFERED_EN = """Hello {{ name }},

{% if waited_for %}
the lead you waited for is back.
{% elif firms == 1 %}
this lead is for you alone.
{% else %}
this lead suits {{ firms }} firms, and yours is one. Who picks it up first has it.
{% endif %}

{{ note }}

{{ teaser }}

{{ why }}

You have until {{ ends }}.

{{ buttons }}"""
OFFERED_DE = """Guten Tag {{ name }},

{% if waited_for %}
der Lead, auf den Sie gewartet haben, ist zurück.
{% elif firms == 1 %}
dieser Lead ist für Sie allein.
{% else %}
dieser Lead passt zu {{ firms }} Firmen, auch zu Ihrer. Wer ihn zuerst übernimmt, hat ihn.
{% endif %}

{{ note }}

{{ teaser }}

{{ why }}

Sie haben Zeit bis {{ ends }}.

{{ buttons }}"""
SIGNED_EN = f"{OFFERED_EN}\n\nQuestions? Just answer this mail.\nYour partner team"
SIGNED_DE = f"{OFFERED_DE}\n\nFragen? Antworten Sie einfach auf diese Mail.\nIhr Partnerteam"
ENDS_EN = "Hello {{ name }},\n\n{{ number }} is still there, until {{ ends }}."
ENDS_DE = "Guten Tag {{ name }},\n\n{{ number }} ist noch da, bis {{ ends }}."
SHORT = "{{ teaser }}\n\n{{ buttons }}"
OFFERED: Texts = {"en": {"body": OFFERED_EN}, "de": {"body": OFFERED_DE}}
SIGNED: Texts = {"en": {"body": SIGNED_EN}, "de": {"body": SIGNED_DE}}
ENDS: Texts = {
    "en": {"body": f"{ENDS_EN}\n\n{SHORT}"},
    "de": {"body": f"{ENDS_DE}\n\n{SHORT}"},
}


def begin(stage: Stage, at: datetime) -> None:
    """Word the mail of an offer."""
    write(stage, "lead_offered", OFFERED, at)


def sign(stage: Stage, at: datetime) -> None:
    """Have the mail of an offer say at its end who is there for questions; begin another."""
    write(stage, "lead_offered", SIGNED, at)
    write(stage, "offer_ends", ENDS, at, counts=False)


def write(stage: Stage, key: str, texts: Texts, at: datetime, *, counts: bool = True) -> None:
    """Write own words of a mail, and let them count unless they are a draft."""
    actor, kind = get_actor(stage.manager.id), KINDS[key]
    with circumstances.under(channel="web", actor_id=actor.id):
        operations.save(kind, texts, mark_of(key), actor, at)
        if counts:
            operations.activate(kind, mark_of(key), actor, at)
