"""The switchboard, data only: the rooms with pages, what reacts to which event, what runs when."""

from __future__ import annotations

from datetime import timedelta

from portal.accounts import api_token_routes as api_tokens
from portal.accounts import own, viewing
from portal.accounts import routes as accounts
from portal.accounts.events import (
    AccountManagerSet,
    NewDeviceSeen,
    OrganisationClosed,
    OrganisationReopened,
    PasswordChanged,
    PasswordResetRequested,
    PersonDeactivated,
    PersonInvited,
    PersonMoved,
    PersonPutInUnit,
    RecoveryCodesMade,
    RolesChanged,
    SecondStepRemoved,
    SecondStepSet,
    SignInLinkRequested,
    UnitSaved,
)
from portal.api import jobs as _api  # noqa: F401
from portal.api import routes as api
from portal.assistance import jobs as _assistance  # noqa: F401
from portal.assistance import routes as assistance
from portal.assistance.events import HelpAnswered, HelpAsked
from portal.campaigns import consent_routes as consent
from portal.campaigns.events import CampaignJoined, CampaignLeft
from portal.capture import by_hand, finds
from portal.capture import jobs as _capture  # noqa: F401
from portal.catalog import field_routes as fields
from portal.catalog import routes as catalog
from portal.catalog.events import CatalogEntrySaved
from portal.core.events import Event
from portal.core.mail.events import AddressMarked, MailComplainedOf
from portal.correspondence import jobs as _correspondence  # noqa: F401
from portal.correspondence import routes as letters
from portal.correspondence.events import CustomerWrote, LetterCameBack
from portal.customers import activity_routes as customer_activities
from portal.customers import hand_over_routes as hand_overs
from portal.customers import jobs as _customers  # noqa: F401
from portal.customers import lead_routes as lead_customer
from portal.customers import routes as customers
from portal.customers.events import CustomerMade
from portal.desk import (
    audit,
    invariants,
    lead_list_routes,
    live,
    mail_health,
    overflow,
    planned,
    preview,
    search_routes,
)
from portal.desk import customers as customer
from portal.desk import fairness_mail as _fairness_mail  # noqa: F401
from portal.desk import fairness_routes as fairness
from portal.desk import jobs as desk_jobs
from portal.desk import mondays as _mondays  # noqa: F401
from portal.desk import neglected_routes as neglected
from portal.desk import overdue_routes as overdue
from portal.desk import routes as desk
from portal.desk import samples as _desk_samples  # noqa: F401 – shows its mails
from portal.desk import team_routes as team
from portal.duplicates import jobs as _duplicates  # noqa: F401
from portal.duplicates import routes as duplicates
from portal.duplicates.events import AskedAgain, LeadsMerged, MergeUndone
from portal.escalation import jobs as _escalation  # noqa: F401
from portal.escalation.events import HolderReminded, StepsTaken
from portal.feedback import action_routes as lead_actions
from portal.feedback import jobs as _feedback  # noqa: F401
from portal.feedback import routes as feedback
from portal.feedback.events import (
    DirectBegun,
    EndingTakenBack,
    FeedbackGiven,
    FeedbackTakenBack,
    HeldLeadClosed,
    LeadCancelled,
    LeadDeleted,
    LeadLost,
    LeadWon,
)
from portal.hearing import routes as hearing
from portal.hearing.events import HearingChanged, RoleDefaultSet
from portal.imports import jobs as _imports  # noqa: F401
from portal.imports import routes as imports
from portal.imports.events import LeadsImported
from portal.inbound import address_pages
from portal.inbound import answer_pages as incoming_answers
from portal.inbound import customer_pages as customer_page
from portal.inbound import jobs as _inbound  # noqa: F401
from portal.inbound import lead_mail_pages as incoming_of_leads
from portal.inbound import mail_pages as incoming
from portal.inbound import routes as inbound
from portal.inbound import samples as _inbound_samples  # noqa: F401 – shows its mail
from portal.inbound import webhook as handed_in
from portal.inbound.events import (
    InquiryMailed,
    MailActionDone,
    MailNotUnderstood,
    MailPickLost,
    RepliesHeaped,
    ReplyAnswered,
)
from portal.leads import activity_routes as activities
from portal.leads import archive_routes as archive
from portal.leads import campaign_routes as campaigns
from portal.leads import date_routes as lead_dates
from portal.leads import definition_routes as definition
from portal.leads import figure_routes as lead_figures
from portal.leads import jobs as _leads  # noqa: F401
from portal.leads import label_routes as labels
from portal.leads import note_routes as notes
from portal.leads import suppression_routes as suppressions
from portal.leads import team_routes as lead_team
from portal.leads import visibility_routes as visibility
from portal.leads.events import (
    ContactSuppressed,
    DraftsStale,
    LeadCaptured,
    LeadDisqualified,
    LeadHandedBack,
    LeadOwnerSet,
    LeadQualified,
    QualificationSaved,
    SignalSeen,
)
from portal.matching import doctor_routes as doctor
from portal.matching import expectation_routes as expectations
from portal.matching import fairness_routes as fairness_terms
from portal.matching import group_jobs as _group_jobs  # noqa: F401
from portal.matching import group_routes as groups
from portal.matching import policy_routes as deadlines
from portal.matching import policy_use_routes as policy_uses
from portal.matching import profile_routes as profiles
from portal.matching import replay_jobs as _replay_jobs  # noqa: F401
from portal.matching import replay_routes as replays
from portal.matching import routes as matching
from portal.matching import suggestion_jobs as _suggestion_jobs  # noqa: F401
from portal.matching import suggestion_routes as suggestions
from portal.matching import version_routes as rule_versions
from portal.notifications import jobs as _notifications  # noqa: F401 – registers its reactions
from portal.notifications import past as _past  # noqa: F401 – looks over mails that waited
from portal.notifications import routes as notifications
from portal.notifications import samples as _samples  # noqa: F401 – shows its mails
from portal.offers import dry_run_routes as dry_run
from portal.offers import first_heard_routes as first_heard
from portal.offers import hand_routes as offering
from portal.offers import jobs as _offers  # noqa: F401
from portal.offers import reason_routes as reasons
from portal.offers import routes as offers
from portal.offers.events import (
    LeadOffered,
    LeadReturned,
    OfferDeclined,
    OfferDismissed,
    OfferVisible,
    OfferWithdrawn,
    RoundEnded,
    RoundExtended,
    StandByHeard,
)
from portal.partners import activity_routes as partner_activities
from portal.partners import campaign_routes as partner_campaigns
from portal.partners import contact_routes as partner_contacts
from portal.partners import hour_routes as working_hours
from portal.partners import map_routes as partner_map
from portal.partners import rep_routes
from portal.partners import routes as partners
from portal.partners.events import (
    AbsenceAdded,
    AbsenceRemoved,
    PartnerAdded,
    PartnerProfileChanged,
    WorkingHoursChanged,
)
from portal.people import firm_routes as firms
from portal.people import leaving
from portal.people import list_routes as people_lists
from portal.people import partner_list_routes as partner_lists
from portal.people import routes as people
from portal.people import sign_up_routes as sign_up
from portal.people import unit_routes as units
from portal.people.events import SignUpAsked, SignUpConfirmed, SignUpDeclined
from portal.pickup import extension_routes as more_time
from portal.pickup import jobs as _pickup  # noqa: F401
from portal.pickup import knowledge_routes as knowledge
from portal.pickup import pause_routes as pauses
from portal.pickup import recall_routes as recalls
from portal.pickup import routes as pickup
from portal.pickup import standing_jobs as _standings  # noqa: F401
from portal.pickup import suspension_routes as suspensions
from portal.pickup.events import (
    EntryEnded,
    LeadBlocked,
    LeadGivenBack,
    LeadPickedUp,
    LeadReassigned,
    LeadRecalled,
    MoreTimeAsked,
    MoreTimeDecided,
    PicksSuspended,
    SuspensionEnded,
)
from portal.programme import routes as programme
from portal.programme.events import TermsPublished
from portal.qualification import along as _along  # noqa: F401 – goes along with merges
from portal.qualification import confirming_routes as confirming
from portal.qualification import jobs as _qualification  # noqa: F401
from portal.qualification import nurture_routes as nurture
from portal.qualification import routes as qualification
from portal.qualification import routing_routes as inquiry_routes
from portal.qualification import samples as _qualification_samples  # noqa: F401 – shows its mails
from portal.qualification import work_routes as desk_work
from portal.qualification.events import AnswersCompleted, CustomerLeft
from portal.relations import jobs as _relations  # noqa: F401
from portal.relations import routes as relations
from portal.relations.events import KnowledgeClaimed, KnowledgeDecided
from portal.reports import routes as reports
from portal.reports import samples as _reports_samples  # noqa: F401 – shows its mails
from portal.reports import weekly as _weekly  # noqa: F401
from portal.scoring import jobs as _scoring  # noqa: F401
from portal.scoring import routes as scoring
from portal.scoring.events import LeadHandedOn, LeadsCooled, LeadStirs, ScoreRulesChanged
from portal.sheets import jobs as _sheets  # noqa: F401
from portal.sheets import routes as sheets
from portal.sheets import samples as _sheets_samples  # noqa: F401 – shows its mails
from portal.timeline import jobs as _timeline  # noqa: F401
from portal.timeline.events import (
    ActivityDue,
    ActivityEntered,
    ActivitySettled,
    NoteShared,
    NoteWritten,
)
from portal.web_forms import jobs as _web_forms  # noqa: F401
from portal.web_forms import public_routes as public_form
from portal.web_forms import routes as web_forms
from portal.web_forms import samples as _web_forms_samples  # noqa: F401 – shows its mails
from portal.web_forms.events import FormAnswered, FormWaits
from portal.witness import jobs as _witness  # noqa: F401
from portal.witness import routes as witness
from portal.witness import samples as _witness_samples  # noqa: F401 – shows its mails
from portal.witness.events import CustomerDeclined, CustomerSaid
from portal.wording import mails as _wording  # noqa: F401 – the words of mails are asked there
from portal.wording import routes as wording
from portal.wording.events import WordingFailed

ROOMS = (
    accounts.blueprint,
    own.blueprint,
    viewing.blueprint,
    api_tokens.blueprint,
    catalog.blueprint,
    fields.blueprint,
    expectations.blueprint,
    policy_uses.blueprint,
    deadlines.blueprint,
    partners.blueprint,
    relations.blueprint,
    groups.blueprint,
    partner_contacts.blueprint,
    partner_campaigns.blueprint,
    partner_map.blueprint,
    profiles.blueprint,
    rep_routes.blueprint,
    working_hours.blueprint,
    partner_activities.blueprint,
    people.blueprint,
    people_lists.blueprint,
    partner_lists.blueprint,
    leaving.blueprint,
    firms.blueprint,
    units.blueprint,
    sign_up.blueprint,
    matching.blueprint,
    rule_versions.blueprint,
    fairness_terms.blueprint,
    suggestions.blueprint,
    replays.blueprint,
    dry_run.blueprint,
    doctor.blueprint,
    offers.blueprint,
    reasons.blueprint,
    offering.blueprint,
    pickup.blueprint,
    suspensions.blueprint,
    pauses.blueprint,
    knowledge.blueprint,
    more_time.blueprint,
    recalls.blueprint,
    feedback.blueprint,
    sheets.blueprint,
    lead_actions.blueprint,
    assistance.blueprint,
    programme.blueprint,
    reports.blueprint,
    desk.blueprint,
    overflow.blueprint,
    invariants.blueprint,
    planned.blueprint,
    neglected.blueprint,
    overdue.blueprint,
    fairness.blueprint,
    lead_list_routes.blueprint,
    search_routes.blueprint,
    team.blueprint,
    qualification.blueprint,
    desk_work.blueprint,
    inquiry_routes.blueprint,
    nurture.blueprint,
    nurture.leaving,
    confirming.blueprint,
    notes.blueprint,
    activities.blueprint,
    letters.blueprint,
    lead_dates.blueprint,
    lead_figures.blueprint,
    archive.blueprint,
    visibility.blueprint,
    definition.blueprint,
    labels.blueprint,
    lead_team.blueprint,
    hand_overs.blueprint,
    duplicates.blueprint,
    customers.blueprint,
    customers.policy_blueprint,
    lead_customer.blueprint,
    customer.blueprint,
    customer_activities.blueprint,
    preview.blueprint,
    first_heard.blueprint,
    hearing.blueprint,
    notifications.blueprint,
    desk_jobs.blueprint,
    audit.blueprint,
    mail_health.blueprint,
    live.blueprint,
    imports.blueprint,
    scoring.blueprint,
    inbound.blueprint,
    handed_in.blueprint,
    incoming.blueprint,
    address_pages.blueprint,
    customer_page.blueprint,
    witness.blueprint,
    incoming_answers.blueprint,
    incoming_of_leads.blueprint,
    by_hand.blueprint,
    finds.blueprint,
    api.blueprint,
    web_forms.blueprint,
    public_form.blueprint,
    campaigns.blueprint,
    consent.blueprint,
    suppressions.blueprint,
    wording.blueprint,
)

WITHOUT_COOKIE = (
    nurture.leaving,
    inbound.blueprint,
    handed_in.blueprint,
    customer_page.blueprint,
    api.blueprint,
    public_form.blueprint,
)
"""Rooms whose forms or calls carry a secret of their own, so that they work signed out."""

REACTIONS: dict[type[Event], tuple[str, ...]] = {
    LeadOwnerSet: ("assistance.follow_owner",),
    AccountManagerSet: (
        "leads.follow_account_manager",
        "assistance.follow_manager",
    ),
    PasswordResetRequested: ("notifications.password_reset",),
    SignInLinkRequested: ("notifications.sign_in_link",),
    PersonInvited: ("notifications.invitation",),
    SignUpAsked: ("notifications.sign_up_link",),
    SignUpConfirmed: ("notifications.sign_up_waits",),
    TermsPublished: ("notifications.terms_new",),
    SignUpDeclined: ("notifications.sign_up_declined",),
    NewDeviceSeen: ("notifications.new_device",),
    PasswordChanged: ("notifications.sign_in_changed",),
    SecondStepSet: ("notifications.sign_in_changed",),
    SecondStepRemoved: ("notifications.sign_in_changed",),
    RecoveryCodesMade: ("notifications.sign_in_changed",),
    DraftsStale: ("notifications.drafts_stale",),
    HearingChanged: ("notifications.plan_again",),
    RoleDefaultSet: ("notifications.plan_after_default",),
    LeadOffered: ("notifications.lead_offered", "offers.count_seen"),
    OfferVisible: ("notifications.lead_offered", "offers.count_seen"),
    StandByHeard: ("notifications.stand_by_heard",),
    ContactSuppressed: ("offers.take_off",),
    LeadCaptured: ("qualification.route", "scoring.weigh"),
    QualificationSaved: ("scoring.weigh",),
    AnswersCompleted: ("scoring.weigh",),
    LeadsMerged: ("scoring.weigh",),
    MergeUndone: ("scoring.weigh",),
    SignalSeen: ("scoring.heed",),
    ScoreRulesChanged: ("scoring.weigh_all",),
    LeadHandedOn: (
        "qualification.end_nurture",
        "qualification.route",
        "notifications.handed_on_by_signals",
    ),
    LeadStirs: ("notifications.lead_stirs",),
    LeadsCooled: ("notifications.leads_cooled",),
    LeadsImported: ("qualification.route_waiting", "scoring.weigh_import"),
    OfferDismissed: ("pickup.step_back", "scoring.keep_complaint", "notifications.best_said_no"),
    OfferDeclined: ("pickup.step_back", "scoring.keep_complaint"),
    OfferWithdrawn: ("pickup.step_back", "notifications.offer_taken_back"),
    LeadRecalled: (
        "matching.doubt_by_load",
        "notifications.recalled",
        "pickup.weigh_standing",
        "assistance.void",
        "feedback.renew_rates",
    ),
    LeadReturned: ("notifications.lead_waits",),
    CatalogEntrySaved: ("matching.doubt_by_ranks",),
    MoreTimeAsked: ("notifications.more_time_asked",),
    MoreTimeDecided: ("notifications.more_time_decided",),
    LeadGivenBack: (
        "notifications.lead_step",
        "matching.doubt_by_load",
        "scoring.keep_complaint",
        "pickup.weigh_standing",
        "assistance.void",
        "feedback.renew_rates",
    ),
    LeadBlocked: ("pickup.weigh_standing",),
    PicksSuspended: ("pickup.weigh_standing", "notifications.paused"),
    SuspensionEnded: ("pickup.weigh_standing",),
    FeedbackGiven: ("pickup.weigh_standing", "feedback.renew_rates", "notifications.lead_step"),
    KnowledgeClaimed: ("notifications.knowledge_claimed",),
    KnowledgeDecided: ("notifications.knowledge_decided",),
    HelpAsked: ("notifications.help_asked",),
    HelpAnswered: ("notifications.help_answered",),
    LeadQualified: (
        "leads.plan_qualified",
        "assistance.begin_qualified",
        "relations.meet",
        "customers.link_qualified",
        "scoring.keep_choice",
        "scoring.weigh",
    ),
    CustomerMade: ("customers.hand_to_support",),
    FormAnswered: ("web_forms.thank",),
    FormWaits: ("web_forms.ask_to_confirm",),
    AskedAgain: ("notifications.asked_again",),
    LeadHandedBack: ("notifications.handed_back",),
    PersonDeactivated: ("offers.end_of_person", "offers.end_of_units"),
    PersonMoved: ("offers.end_of_person", "offers.end_of_units"),
    PersonPutInUnit: ("offers.end_of_units",),
    RolesChanged: ("offers.end_of_person", "offers.end_of_units"),
    UnitSaved: ("offers.end_of_units",),
    OrganisationClosed: ("matching.doubt_groups", "offers.end_of_firm"),
    OrganisationReopened: ("matching.doubt_groups",),
    PartnerAdded: ("matching.doubt_groups",),
    PartnerProfileChanged: ("matching.doubt_groups",),
    AbsenceAdded: (
        "notifications.stands_in",
        "pickup.follow_calendar",
        "matching.doubt_groups",
    ),
    AbsenceRemoved: (
        "notifications.plan_after_absence",
        "pickup.follow_calendar",
        "matching.doubt_groups",
    ),
    WorkingHoursChanged: ("pickup.follow_calendar",),
    LeadDisqualified: ("offers.settle_waiting", "assistance.void"),
    LeadWon: ("offers.settle_waiting", "assistance.void", "matching.doubt_by_load"),
    LeadLost: (
        "offers.settle_waiting",
        "scoring.keep_complaint",
        "assistance.void",
        "matching.doubt_by_load",
    ),
    LeadCancelled: ("offers.settle_waiting", "assistance.void", "matching.doubt_by_load"),
    LeadDeleted: ("imports.forget_lead",),
    CampaignJoined: ("feedback.renew_rates",),
    CampaignLeft: ("feedback.renew_rates",),
    HeldLeadClosed: ("notifications.closed_for_you", "feedback.renew_rates"),
    EndingTakenBack: (
        "matching.doubt_by_load",
        "offers.settle_waiting",
        "notifications.open_again",
        "assistance.begin_picked",
        "feedback.renew_rates",
    ),
    FeedbackTakenBack: (
        "matching.doubt_by_load",
        "offers.settle_waiting",
        "pickup.weigh_standing",
        "assistance.begin_picked",
        "feedback.renew_rates",
    ),
    RoundEnded: (
        "offers.tidy_round",
        "pickup.end_entries",
        "notifications.round_ended",
        "notifications.offer_taken_back",
    ),
    RoundExtended: ("notifications.offer_extended",),
    EntryEnded: ("notifications.decided",),
    LeadPickedUp: (
        "offers.tidy_picked",
        "matching.doubt_by_load",
        "leads.begin",
        "notifications.yours_now",
        "notifications.lead_step",
        "assistance.begin_picked",
        "witness.begin",
    ),
    DirectBegun: ("leads.begin",),
    LeadReassigned: ("notifications.handed_on", "witness.introduce_next"),
    CustomerSaid: ("notifications.customer_said",),
    CustomerDeclined: ("notifications.customer_declined",),
    CustomerLeft: ("notifications.customer_left",),
    ActivityDue: ("notifications.activity_due",),
    ActivityEntered: ("pickup.heed_activity", "assistance.meet"),
    ActivitySettled: ("pickup.heed_activity", "assistance.meet"),
    StepsTaken: ("notifications.steps_taken",),
    HolderReminded: ("notifications.reminded",),
    InquiryMailed: ("notifications.mailed",),
    MailNotUnderstood: ("notifications.mail_not_understood",),
    MailActionDone: ("notifications.recorded",),
    MailPickLost: ("notifications.not_yours",),
    ReplyAnswered: ("notifications.reply_answered",),
    CustomerWrote: ("notifications.customer_wrote",),
    LetterCameBack: ("notifications.letter_back",),
    NoteWritten: ("notifications.commented",),
    NoteShared: ("notifications.commented",),
    RepliesHeaped: ("notifications.replies_heaped",),
    AddressMarked: ("notifications.address_unreached",),
    MailComplainedOf: ("notifications.address_unreached",),
    WordingFailed: ("notifications.wording_failed",),
}

TICKING: tuple[str, ...] = ("pickup.decide",)
"""Sweeps that run every second, in the scheduler's own process: people wait for them."""

SCHEDULE: tuple[tuple[str, timedelta], ...] = (
    ("core.dispatch", timedelta(seconds=10)),
    ("mail.drain", timedelta(seconds=30)),
    ("inbound.read_waiting", timedelta(seconds=60)),
    ("inbound.forget_mails", timedelta(hours=6)),
    ("offers.end_rounds", timedelta(seconds=60)),
    ("offers.open_rings", timedelta(seconds=60)),
    ("offers.end_rests", timedelta(seconds=60)),
    ("offers.go_on_after_dry_run", timedelta(seconds=60)),
    ("pickup.mark_debts", timedelta(seconds=60)),
    ("pickup.go_on", timedelta(seconds=60)),
    ("witness.write", timedelta(seconds=60)),
    ("escalation.take_steps", timedelta(seconds=60)),
    ("escalation.note_silence", timedelta(hours=1)),
    ("matching.fill_groups", timedelta(seconds=60)),
    ("matching.suggest", timedelta(hours=24)),
    ("matching.replay", timedelta(minutes=10)),
    ("pickup.weigh_standings", timedelta(minutes=2)),
    ("pickup.weigh_all_standings", timedelta(hours=6)),
    ("feedback.count_rates", timedelta(hours=24)),
    ("timeline.remind", timedelta(seconds=60)),
    ("correspondence.note_returns", timedelta(minutes=5)),
    ("qualification.nurture", timedelta(seconds=60)),
    ("leads.tell_of_drafts", timedelta(minutes=10)),
    ("escalation.check_invariants", timedelta(minutes=10)),
    ("notifications.send_notices", timedelta(seconds=60)),
    ("desk.tell_mondays", timedelta(minutes=5)),
    ("reports.tell_week", timedelta(minutes=5)),
    ("sheets.send", timedelta(minutes=5)),
    ("sheets.forget", timedelta(hours=24)),
    ("desk.count_fairness", timedelta(hours=6)),
    ("desk.tell_fairness", timedelta(minutes=5)),
    ("duplicates.check", timedelta(seconds=30)),
    ("imports.push", timedelta(seconds=60)),
    ("imports.forget_files", timedelta(hours=6)),
    ("timeline.sweep_files", timedelta(hours=6)),
    ("notifications.forget_notices", timedelta(hours=6)),
    ("scoring.count_records", timedelta(hours=1)),
    ("scoring.score_open", timedelta(hours=6)),
    ("scoring.cool", timedelta(hours=24)),
    ("mail.forget_links", timedelta(hours=6)),
    ("mail.forget_replies", timedelta(hours=24)),
    ("people.forget_requests", timedelta(hours=24)),
    ("capture.take_feeds", timedelta(seconds=60)),
    ("api.forget_answers", timedelta(hours=24)),
    ("web_forms.forget", timedelta(hours=1)),
    ("audit.note_head", timedelta(hours=24)),
)
