"""What each event is called where people read of it, and what stands in it.

Every event has its words here; a test sees to it.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

EVENTS: dict[str, Any] = {
    "AbsenceAdded": _l("Absence entered"),
    "AbsenceRemoved": _l("Absence removed"),
    "AuditExported": _l("Record of events exported"),
    "ContactSuppressed": _l("Contact put on the do-not-contact list"),
    "DeclineTakenBack": _l("“Not for me” taken back"),
    "DraftsStale": _l("Inquiries left lying"),
    "FeedbackDue": _l("Feedback due"),
    "FeedbackDueSoon": _l("Feedback soon due"),
    "FeedbackGiven": _l("Feedback given"),
    "FeedbackOverdue": _l("Feedback overdue"),
    "FeedbackTakenBack": _l("Feedback taken back"),
    "HearingChanged": _l("Mail preference changed"),
    "InvitationAccepted": _l("Invitation accepted"),
    "LeadCaptured": _l("Inquiry came in"),
    "LeadDisqualified": _l("Inquiry disqualified"),
    "LeadGivenBack": _l("Lead given back"),
    "LeadLost": _l("Lead lost"),
    "LeadOffered": _l("Lead offered"),
    "LeadPickedUp": _l("Lead picked up"),
    "LeadQualified": _l("Lead qualified"),
    "LeadReturned": _l("Lead returned to the Board"),
    "LeadTaken": _l("Inquiry taken to qualify"),
    "LeadWon": _l("Lead won"),
    "LeadsImported": _l("File of leads imported"),
    "LeaksConfirmed": _l("Partner text let stand after a warning"),
    "MailActionDone": _l("Button of a mail pressed"),
    "MailActionDoubted": _l("Second press asked for"),
    "MailLinkMisused": _l("Link of a mail misused"),
    "MailPickLost": _l("Pickup by mail came too late"),
    "NewDeviceSeen": _l("Sign-in from a new device"),
    "OfferDeclined": _l("Offer declined by the firm"),
    "OfferDismissed": _l("“Not for me”"),
    "OfferVisible": _l("Offer visible to more firms"),
    "PartnerAdded": _l("Partner added"),
    "PartnerGroupChanged": _l("Group of partners changed"),
    "PartnerProfileChanged": _l("Partner profile changed"),
    "PasswordChanged": _l("Password changed"),
    "PasswordResetRequested": _l("New password asked for"),
    "PersonDeactivated": _l("Person deactivated"),
    "PersonInvited": _l("Person invited"),
    "PersonReactivated": _l("Person active again"),
    "ProofRefused": _l("Password or code not known"),
    "QualificationSaved": _l("Qualification saved"),
    "RoundEnded": _l("Offer round ended"),
    "RuleDeleted": _l("Rule deleted"),
    "RuleSaved": _l("Rule saved"),
    "RuleSwitched": _l("Rule switched on or off"),
    "RulesReordered": _l("Order of the rules changed"),
    "SessionsEnded": _l("Signed out elsewhere"),
    "SignInRefused": _l("Sign-in refused"),
    "SignedIn": _l("Signed in"),
    "StandByHeard": _l("Who stood by sees a lead first"),
    "StandByLeft": _l("Standing by ended"),
    "StandBysEnded": _l("Nobody stands by any more"),
    "StoodBy": _l("Stands by for a lead"),
}

PARTS: dict[str, Any] = {
    "action": _l("Button"),
    "added": _l("Added"),
    "fields": _l("Fields"),
    "filters": _l("Filters"),
    "hears": _l("Mails"),
    "imported": _l("Rows"),
    "kinds": _l("Warning"),
    "late_seconds": _l("Late by seconds"),
    "number": _l("Round"),
    "outcome": _l("Outcome"),
    "reason": _l("Reason"),
    "reason_id": _l("Reason"),
    "removed": _l("Removed"),
    "round": _l("Round"),
    "source_system": _l("Source"),
    "status": _l("Status"),
    "value": _l("Value"),
    "version": _l("Version"),
    "why": _l("Why"),
}
"""The parts of events that the page shows besides people and firms."""

CHANNELS: dict[str, Any] = {
    "web": _l("Browser"),
    "mail": _l("Mail"),
    "job": _l("Worker"),
    "command": _l("Command line"),
    "system": _l("Portal"),
}
