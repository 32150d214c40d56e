"""Pages of campaigns with the leads that came of them, and of leads by source and month."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, get_locale, get_timezone
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.campaigns import operations, queries, taking_part
from portal.campaigns.forms import CHANNELS, CampaignForm, CostForm, campaign_form
from portal.campaigns.models import Campaign
from portal.catalog.queries import book
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.leads import sources
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("campaigns", __name__)
EDIT = Permission.CAMPAIGNS_EDIT


@blueprint.get("/campaigns")
@requires(EDIT)
def campaigns() -> ResponseReturnValue:
    return render_template(
        "campaigns/campaigns.html", accounts=sources.list_accounts(), channels=CHANNELS
    )


@blueprint.get("/campaigns/new")
@requires(EDIT)
def new() -> ResponseReturnValue:
    return render_template("campaigns/new.html", form=campaign_form(None, sent=False))


@blueprint.post("/campaigns/new")
@requires(EDIT)
def make() -> ResponseReturnValue:
    form = campaign_form(None, sent=True)
    if not form.validate():
        return render_template("campaigns/new.html", form=form), 422
    try:
        made = operations.make_campaign(form.draft(), current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return render_template("campaigns/new.html", form=form), 422
    flash(_("The campaign is planned."), "success")
    return go(url_for("campaigns.page", campaign_id=made.id))


@blueprint.get("/campaigns/<int:campaign_id>")
@requires(EDIT)
def page(campaign_id: int) -> ResponseReturnValue:
    return show(queries.get_campaign(campaign_id)), 200


def show(
    campaign: Campaign, form: CampaignForm | None = None, cost_form: CostForm | None = None
) -> str:
    """Render a campaign: what came of it, what it cost, what was planned."""
    return render_template(
        "campaigns/campaign.html",
        campaign=campaign,
        form=form or campaign_form(campaign, sent=False),
        cost_form=cost_form or CostForm(formdata=None),
        account=sources.read_account(campaign),
        costs=queries.list_costs(campaign.id),
        terms=sources.list_terms(campaign.id),
        firms=taking_part.list_firms(campaign.id),
        channels=CHANNELS,
    )


@blueprint.post("/campaigns/<int:campaign_id>")
@requires(EDIT)
def save(campaign_id: int) -> ResponseReturnValue:
    campaign = queries.get_campaign(campaign_id)
    form, version = campaign_form(campaign, sent=True), request.form.get("version", "")
    if not form.validate():
        return show(campaign, form), 422
    number = int(version) if version.isdecimal() and len(version) < 10 else 0
    try:
        operations.save_campaign(campaign_id, form.draft(), current_actor(), clock.now(), number)
    except Invalid as error:
        form.take(error)
        return show(campaign, form), 422
    except Conflict as conflict:
        form.version.data = str(queries.get_campaign(campaign_id).version)
        form.form_errors.append(conflict.message)
        return show(campaign, form), 409
    flash(_("Saved."), "success")
    return go(url_for("campaigns.page", campaign_id=campaign_id))


@blueprint.post("/campaigns/<int:campaign_id>/costs")
@requires(EDIT)
def enter_cost(campaign_id: int) -> ResponseReturnValue:
    campaign, form = queries.get_campaign(campaign_id), CostForm()
    if not form.validate():
        return show(campaign, cost_form=form), 422
    try:
        operations.enter_cost(
            campaign_id,
            form.day.data,
            form.amount.data,
            form.what.data or "",
            current_actor(),
            clock.now(),
        )
    except Invalid as error:
        form.take(error)
        return show(campaign, cost_form=form), 422
    return go(url_for("campaigns.page", campaign_id=campaign_id))


@blueprint.post("/campaigns/<int:campaign_id>/costs/<int:cost_id>/removal")
@requires(EDIT)
def remove_cost(campaign_id: int, cost_id: int) -> ResponseReturnValue:
    operations.remove_cost(campaign_id, cost_id, current_actor(), clock.now())
    return go(url_for("campaigns.page", campaign_id=campaign_id))


@blueprint.post("/campaigns/<int:campaign_id>/archive")
@requires(EDIT)
def put_away(campaign_id: int) -> ResponseReturnValue:
    """Put a campaign away with `away`, else take it out again."""
    away = request.form.get("away") == "1"
    operations.put_away(campaign_id, away, current_actor(), clock.now())
    return go(url_for("campaigns.page", campaign_id=campaign_id))


@blueprint.get("/lead-sources")
@requires(EDIT)
def by_source() -> ResponseReturnValue:
    """Show how many leads came from where in each month."""
    zone, at, locale = ZoneInfo(str(get_timezone())), clock.now(), str(get_locale())
    rows = sources.by_source_and_month(at, zone)
    months = sources.months_to(at, zone)
    return render_template(
        "campaigns/sources.html",
        months=[format_date(month, "MMM yy") for month in months],
        rows=[(book().label(one.source_id, locale), one) for one in rows],
        sums=[sum(counts) for counts in zip(*(one.counts for one in rows), strict=True)],
        most=max((count for one in rows for count in one.counts), default=0),
    )
