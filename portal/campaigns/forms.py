"""Forms of campaigns, their costs, and the words that people agree to."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from portal.campaigns.models import Campaign, Channel
from portal.campaigns.operations import LONGEST_NAME, LONGEST_NOTE, CampaignDraft
from portal.catalog.queries import book
from portal.web.forms import AmountField, DayField, Form, needed

CHANNELS: dict[str, Any] = {
    Channel.SEARCH: _l("Search engine"),
    Channel.DISPLAY: _l("Banner"),
    Channel.SOCIAL: _l("Social network"),
    Channel.EMAIL: _l("E-mail"),
    Channel.DIRECT_MAIL: _l("Letter post"),
    Channel.PHONE: _l("Phone"),
    Channel.EVENT: _l("Event"),
    Channel.CONTENT: _l("Papers and articles"),
    Channel.BOUGHT_LIST: _l("Purchased list"),
    Channel.PARTNER: _l("With a partner"),
    Channel.OTHER: _l("Something else"),
}


class CampaignForm(Form):
    """A campaign; its key can be chosen once."""

    version = HiddenField()
    name = StringField(_l("Name"), [needed(), Length(max=LONGEST_NAME)])
    key = StringField(
        _l("Key"),
        [Optional(), Length(max=60)],
        description=_l(
            "How addresses (utm_campaign) and files name it. Empty: made from the name."
        ),
    )
    channel = SelectField(_l("Channel"), validate_choice=False)
    source_id = SelectField(
        _l("Where it comes from"),
        validate_choice=False,
        description=_l("The source of its leads, unless they say another."),
    )
    starts_on = DayField(_l("Begins on"), [Optional()])
    ends_on = DayField(_l("Ends on"), [Optional()])
    budget = AmountField(_l("Budget"), [Optional()])
    per_lead = AmountField(
        _l("Paid for each lead"),
        [Optional()],
        description=_l("As with a bought list or a portal; besides what is entered below."),
    )
    note = TextAreaField(_l("Note"), [Optional(), Length(max=LONGEST_NOTE)], render_kw={"rows": 3})

    def offer(self, campaign: Campaign | None) -> None:
        """Fill the lists; a key stays what it is."""
        self.channel.choices = [(key, str(words)) for key, words in CHANNELS.items()]
        named = [campaign.source_id] if campaign else []
        sources = book().choices("source", str(get_locale()), named)
        self.source_id.choices = [("", _("not known")), *sources]
        if campaign is not None:
            del self.key

    def draft(self) -> CampaignDraft:
        """Return what was typed."""
        source = self.source_id.data or ""
        return CampaignDraft(
            name=self.name.data or "",
            key=(self.key.data or "") if "key" in self else "",
            channel=self.channel.data or "",
            source_id=int(source) if source.isdecimal() and len(source) < 16 else None,
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            budget=self.budget.data,
            per_lead=self.per_lead.data,
            note=self.note.data or "",
        )


def campaign_form(campaign: Campaign | None, *, sent: bool) -> CampaignForm:
    """Return the form of a campaign, or of a new one."""
    if sent:
        form = CampaignForm()
    elif campaign is None:
        form = CampaignForm(formdata=None)
    else:
        names = ("name", "channel", "starts_on", "ends_on", "budget", "per_lead", "note")
        data = {name: getattr(campaign, name) for name in names}
        data |= {"source_id": str(campaign.source_id or ""), "version": str(campaign.version)}
        form = CampaignForm(formdata=None, data=data)
    form.offer(campaign)
    return form


class CostForm(Form):
    """What was spent on a day."""

    day = DayField(_l("Day"), [needed()])
    amount = AmountField(_l("Amount"), [needed()])
    what = StringField(_l("What for"), [Optional(), Length(max=LONGEST_NAME)])


class ConsentForm(Form):
    """The next version of words that people agree to."""

    key = StringField(
        _l("Key"),
        [needed()],
        description=_l("How forms and leads name these words, as in “newsletter”."),
    )
    words_en = TextAreaField(_l("Words in English"), [Optional()], render_kw={"rows": 4})
    words_de = TextAreaField(_l("Words in German"), [Optional()], render_kw={"rows": 4})
