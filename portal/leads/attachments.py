"""Files attached to a lead: theirs who have its notes, and with the same bounds.

They may hold whom to call: nobody of a partner has any before his pickup, and a firm that has given
a lead back takes none out any more, its own neither.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, or_

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind
from portal.leads.models import Lead
from portal.leads.notes import about, may_write
from portal.leads.sight import Sight
from portal.timeline import attachments as timeline
from portal.timeline.attachments import Attached
from portal.timeline.models import Attachment, AttachmentName


def load_attachments(
    lead: Lead,
    actor: Actor,
    known: Sight | None = None,
    firms: Collection[int] | None = None,
) -> Sequence[Attached]:
    """Return the files about a lead that a person may read.

    Her own firm's, and what the other side shares where the table lets her: of `firms` only, where
    they are named.
    """
    if not may_write(lead, actor, known):
        return ()
    shared: ColumnElement[bool] = AttachmentName.shared_at.is_not(None)
    if firms is not None:
        shared = and_(shared, AttachmentName.organisation_id.in_(firms))
    if actor.is_partner:
        shared = and_(
            shared, Organisation.kind == OrganisationKind.VENDOR, Attachment.at >= lead.picked_at
        )
    readable = or_(timeline.own(actor.organisation_id), shared)
    return timeline.read(about(lead.id), actor.organisation_id, readable, [lead.id])
