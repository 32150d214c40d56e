"""What fields, tiers and phases of the table of who sees what are called."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.leads.visibility import Field, Phase, Tier

FIELDS: dict[Field, tuple[Any, Any]] = {
    Field.TEASER: (
        _l("What it is about"),
        _l("Title, text for partners, temperature, region, products, size and value band."),
    ),
    Field.ANSWERS: (_l("Qualification"), _l("The answers to the questions of the script.")),
    Field.CONTACT: (
        _l("Contact data"),
        _l("Company, person, phone, e-mail and address. Every look is logged."),
    ),
    Field.OWN: (
        _l("Own fields"),
        _l("What your programme keeps beyond the usual. What it marks so, partners read at once."),
    ),
    Field.HOLDER: (_l("Who holds it"), _l("The firm and the person who picked it up.")),
    Field.PROGRESS: (_l("How it goes"), _l("Status, dates and when feedback is due.")),
    Field.FEEDBACK: (_l("What was reported"), _l("The words of feedback and the next step.")),
    Field.VALUE: (_l("Value of the deal"), _l("The order value that was reported.")),
    Field.NOTES: (
        _l("Notes and activities"),
        _l("What people write and plan for their own firm. Others read only what is shared."),
    ),
    Field.ROUNDS: (
        _l("Offers"),
        _l("To whom it was offered, in which order and why, and who declined."),
    ),
    Field.LOOKS: (_l("Who looked"), _l("Who was shown the contact data, and when.")),
}
"""Each field by name and by what is meant."""

TIERS: dict[Tier, Any] = {
    Tier.HOLDER: _l("Holder"),
    Tier.FIRM_MANAGER: _l("Manager of the holder’s firm"),
    Tier.DELEGATE: _l("Holder’s delegate while away"),
    Tier.OFFERED_FIRM: _l("Firms it is offered to"),
    Tier.DISTRIBUTOR: _l("Distributor of the holder’s firm"),
    Tier.QUALIFIER: _l("Qualifiers"),
    Tier.OWNER: _l("Account manager, who leads him, and lead team"),
    Tier.CHANNEL_MANAGER: _l("Channel managers"),
    Tier.OPERATIONS: _l("Operations, when handed over"),
    Tier.ADMIN: _l("Administrators"),
}

PHASES: dict[Phase, Any] = {
    Phase.BEFORE: _l("Before an offer"),
    Phase.OFFERED: _l("On offer"),
    Phase.HELD: _l("Held"),
    Phase.CLOSED: _l("Closed"),
}
