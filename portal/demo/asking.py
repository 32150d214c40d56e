"""What holders ask the vendor for in the demo, what is answered, and who confirmed the interest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from portal.accounts.queries import get_actor
from portal.assistance import operations as requests
from portal.assistance.models import RequestKind
from portal.assistance.rules import Granted, Wanted
from portal.catalog.queries import book
from portal.core import circumstances
from portal.core.db import session
from portal.core.errors import Invalid
from portal.leads.models import Lead
from portal.pickup.models import Pickup
from portal.qualification import confirming

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUESTIONS = (
    (
        "They want to see a site like theirs before they sign. Is there one near by?",
        """Yes: a plant of about the same size, an hour away. I have asked them; they are glad to
show it in the week after next.""",
    ),
    ("Their data protection officer asks where the management software stores its data.", ""),
)
PRICES = (
    (24, Decimal(12), "They compare with an offer that is ten per cent below ours.", True),
    (8, Decimal(9), "They would order before the end of the month.", False),
)


def ask_the_vendor(held: Sequence[Pickup], at: datetime) -> None:
    """Let holders confirm the interest, ask for help and for prices; some of it is answered."""
    for pickup in held[::2]:
        actor = get_actor(pickup.user_id)
        with circumstances.under(channel="web", actor_id=actor.id):
            try:
                confirming.confirm(pickup.lead_id, actor, at - 3 * HOUR)
            except Invalid:  # something is to be asked first
                continue
    for pickup, (question, answer) in zip(held, QUESTIONS, strict=False):
        actor = get_actor(pickup.user_id)
        with circumstances.under(channel="web", actor_id=actor.id):
            asked = requests.ask(RequestKind.HELP, pickup.id, question, actor, at - 5 * HOUR)
        if answer:
            helper = get_actor(asked.assignee_id)
            with circumstances.under(channel="web", actor_id=helper.id):
                requests.answer(asked.id, answer, helper, at - 4 * HOUR)
    for pickup, (count, off, why, granted) in zip(held[1:], PRICES, strict=False):
        actor = get_actor(pickup.user_id)
        lead = session().get_one(Lead, pickup.lead_id)
        product = (lead.product_ids or [book().active("product")[0].id])[0]
        wanted = Wanted([(product, count)], discount=off, needed_on=(at + 20 * DAY).date())
        with circumstances.under(channel="web", actor_id=actor.id):
            asked = requests.ask(RequestKind.PRICING, pickup.id, why, actor, at - 4 * HOUR, wanted)
        if granted:
            helper, until = get_actor(asked.assignee_id), (at + 30 * DAY).date()
            with circumstances.under(channel="web", actor_id=helper.id):
                requests.grant(asked.id, Granted(off - 2, None, until), "", helper, at - 2 * HOUR)
