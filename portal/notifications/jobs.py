"""Reactions that tell people what happened, and the sweep that sends what waits."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import Payload, job, sweep
from portal.core.reactions import reaction
from portal.hearing.events import HearingChanged, RoleDefaultSet
from portal.notifications import (
    answered,
    claims,
    mailed,
    operations,
    recalls,
    rungs,
    talk,
    telling,
    unreached,
    withdrawals,
    witnessed,
    worded,
)
from portal.partners.events import AbsenceRemoved

reaction("notifications.stand_by_heard", queue="now")(telling.tell_who_stood_by)
reaction("notifications.lead_offered", queue="mail")(telling.tell_of_offer)
reaction("notifications.best_said_no", queue="mail")(telling.hurry_colleagues)
reaction("notifications.yours_now", queue="mail")(telling.tell_holder)
reaction("notifications.handed_on", queue="mail")(telling.tell_of_handing_on)
reaction("notifications.steps_taken", queue="mail")(rungs.tell_of_steps)
reaction("notifications.reminded", queue="mail")(rungs.tell_reminded)
reaction("notifications.customer_said", queue="mail")(witnessed.tell_of_word)
reaction("notifications.customer_declined", queue="mail")(witnessed.tell_of_declining)
reaction("notifications.customer_left", queue="mail")(witnessed.tell_of_leaving)
reaction("notifications.round_ended", queue="mail")(telling.tell_of_unpicked)
reaction("notifications.offer_taken_back", queue="mail")(withdrawals.tell_of_withdrawal)
reaction("notifications.offer_extended", queue="mail")(withdrawals.tell_of_extension)
reaction("notifications.drafts_stale", queue="mail")(telling.tell_of_drafts)
reaction("notifications.activity_due", queue="mail")(telling.tell_of_activity)
reaction("notifications.handed_back", queue="mail")(telling.tell_of_handing_back)
reaction("notifications.lead_step", queue="mail")(telling.tell_of_step)
reaction("notifications.lead_stirs", queue="mail")(telling.tell_of_stirring)
reaction("notifications.handed_on_by_signals", queue="mail")(telling.tell_of_handing_on_by_signals)
reaction("notifications.leads_cooled", queue="mail")(telling.tell_of_cooling)
reaction("notifications.help_asked", queue="mail")(telling.tell_who_helps)
reaction("notifications.help_answered", queue="mail")(telling.tell_of_help)
reaction("notifications.knowledge_claimed", queue="mail")(claims.tell_of_claim)
reaction("notifications.knowledge_decided", queue="mail")(claims.tell_of_decision)
reaction("notifications.asked_again", queue="mail")(telling.tell_who_works_on_it)
reaction("notifications.closed_for_you", queue="mail")(telling.tell_of_closing)
reaction("notifications.recalled", queue="mail")(recalls.tell_of_recall)
reaction("notifications.lead_waits", queue="mail")(recalls.tell_of_return)
reaction("notifications.more_time_asked", queue="mail")(recalls.tell_of_wish)
reaction("notifications.more_time_decided", queue="mail")(recalls.tell_of_decision)
reaction("notifications.open_again", queue="mail")(telling.tell_of_opening)
reaction("notifications.stands_in", queue="mail")(telling.tell_who_stands_in)
reaction("notifications.paused", queue="mail")(telling.tell_of_pause)
reaction("notifications.terms_new", queue="mail")(telling.tell_of_terms)
reaction("notifications.sign_up_waits", queue="mail")(telling.tell_of_request)
reaction("notifications.mailed", queue="mail")(mailed.tell_of_mailed)
reaction("notifications.mail_not_understood", queue="mail")(mailed.tell_of_not_understood)
reaction("notifications.reply_answered", queue="mail")(answered.tell_back)
reaction("notifications.commented", queue="mail")(talk.tell_of_note)
reaction("notifications.customer_wrote", queue="mail")(talk.tell_of_customer)
reaction("notifications.letter_back", queue="mail")(talk.tell_of_return)
reaction("notifications.replies_heaped", queue="mail")(answered.tell_of_heap)
reaction("notifications.address_unreached", queue="mail")(unreached.tell_of_address)
reaction("notifications.wording_failed", queue="mail")(worded.tell_of_failure)
reaction("notifications.recorded", queue="mail")(telling.tell_recorded)
reaction("notifications.not_yours", queue="mail")(telling.tell_not_yours)
reaction("notifications.decided", queue="mail")(telling.tell_decided)
reaction("notifications.password_reset", queue="mail")(telling.send_reset_link)
reaction("notifications.sign_in_link", queue="mail")(telling.send_sign_in_link)
reaction("notifications.invitation", queue="mail")(telling.send_invitation)
reaction("notifications.sign_up_link", queue="mail")(telling.send_sign_up_link)
reaction("notifications.sign_up_declined", queue="mail")(telling.tell_of_refusal)
reaction("notifications.new_device", queue="mail")(telling.tell_of_device)
reaction("notifications.sign_in_changed", queue="mail")(telling.tell_of_change)


@reaction("notifications.plan_again")
def plan_again(event: HearingChanged, at: datetime) -> None:
    """Move what waits for a person to when she wants to hear by now."""
    operations.plan_again(event.user_id, at)


@reaction("notifications.plan_after_default")
def plan_after_default(event: RoleDefaultSet, at: datetime) -> None:
    """Move what waits for who has chosen nothing to when her role hears by now."""
    operations.plan_after_default(event.role, at)


@reaction("notifications.plan_after_absence")
def plan_after_absence(event: AbsenceRemoved, at: datetime) -> None:
    """Move what waits until somebody is back to when she hears who is there after all."""
    operations.plan_after_absence(event.organisation_id, at)


@sweep("notifications.send_notices", operations.look_round, queue="mail")
def send_notices(user_id: int, at: datetime) -> None:
    operations.send_waiting(user_id, at)


@job("notifications.forget_notices", queue="bulk")
def forget_notices(_payload: Payload, at: datetime) -> None:
    operations.forget_told(at)
    operations.forget_contacts(at)
