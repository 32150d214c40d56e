"""Where the answer to a mail arrives: an address for each person and thing, made with the mail.

Who reads what comes there is `inbound.replies`.
"""

from __future__ import annotations

from portal.accounts.models import User
from portal.accounts.queries import find_actor_of
from portal.core.mail.replies import Reply, new_token
from portal.inbound import agreeing, queries
from portal.inbound.rules import Topic
from portal.pickup.models import Pickup
from portal.programme.models import Terms


def for_offer(lead_id: int, round_: int) -> Reply:
    """Return the address at which a lead on offer is picked up, or said no to."""
    return Reply(new_token(), Topic.OFFER, lead_id, round=round_, mark=queries.OPEN)


def for_question(pickup: Pickup) -> Reply:
    """Return the address at which the answer about a lead in hand arrives."""
    mark = queries.mark_of_pickup(pickup.id)
    return Reply(new_token(), Topic.QUESTION, pickup.lead_id, pickup.id, mark=mark)


def for_owed(pickup: Pickup, lead_id: int) -> Reply:
    """Return the address at which an owed answer arrives that a wanted lead waits for."""
    return Reply(
        new_token(), Topic.OWED, lead_id, pickup.id, mark=queries.mark_of_pickup(pickup.id)
    )


def for_many() -> Reply:
    """Return the address at which the answer to a mail about many things arrives."""
    return Reply(new_token(), Topic.MANY)


def for_talk(lead_id: int) -> Reply:
    """Return the address at which what the other side wrote about a lead is answered."""
    return Reply(new_token(), Topic.TALK, lead_id, mark=queries.mark_of_talk(lead_id))


def for_request(lead_id: int, request_id: int) -> Reply:
    """Return the address at which what the vendor answered to a request is answered."""
    return Reply(new_token(), Topic.HELP, lead_id, mark=str(request_id))


def for_terms(terms: Terms, user: User) -> Reply:
    """Return the address at which somebody agrees to terms for the firm that she leads."""
    mark = agreeing.mark_of(terms, user.organisation_id)
    return Reply(new_token(), Topic.TERMS, mark=mark)


def for_lead(lead_id: int, user: User) -> Reply:
    """Return the address at which any other mail about a lead is answered.

    Whoever holds it answers as to a question; whatever others say is a note.
    """
    actor = find_actor_of(user.id)
    mine = queries.find_mine(lead_id, actor) if actor else None
    if mine is not None:
        return for_question(mine)
    return Reply(new_token(), Topic.LEAD, lead_id)
