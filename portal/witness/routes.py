"""What the customer says, on the pages of a lead; it has no page of its own."""

from __future__ import annotations

from flask import Blueprint

from portal.feedback.rules import Status
from portal.leads.models import Lead
from portal.leads.sight import Sight
from portal.leads.visibility import Field
from portal.pickup.models import Pickup
from portal.pickup.queries import find_held
from portal.witness.models import CustomerWord, Said
from portal.witness.queries import find_word

blueprint = Blueprint("witness", __name__)


@blueprint.app_template_global("customer_word_of")
def customer_word_of(lead: Lead, sight: Sight) -> tuple[CustomerWord, bool] | None:
    """Return what the customer of a lead in hand says, and whether the holder says otherwise.

    None for whoever doesn't see how the lead gets on, or where nothing was said.
    """
    if not (sight.actor.is_partner or Field.PROGRESS in sight):
        return None
    pickup = find_held(lead.id)
    word = find_word(pickup.id) if pickup else None
    if pickup is None or word is None:
        return None
    return word, is_otherwise(pickup, word)


def is_otherwise(pickup: Pickup, word: CustomerWord) -> bool:
    """Say whether what the holder answered stands against the customer's word."""
    if pickup.last_status is None:
        return False
    return (pickup.last_status == Status.NOT_CONTACTED) == (word.said == Said.YES)
