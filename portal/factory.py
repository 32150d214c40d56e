"""Builds the application: settings, extensions, boundary, rooms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, request, session
from flask_babel import Babel
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import figures, health, navigation, wiring
from portal.accounts.actor import find_actor
from portal.accounts.signin import init_signin, lead_to_second_step, owes_second_step
from portal.accounts.viewing import only_look
from portal.core import alarms, clock, events, jobs, logs
from portal.core import db as database
from portal.core.config import Settings
from portal.core.mail import standing
from portal.desk import live as desk_live
from portal.web import live
from portal.web.access import check_access, public
from portal.web.assets import init_assets
from portal.web.boundary import init_boundary
from portal.web.errors import init_errors
from portal.web.filters import init_filters, translator
from portal.web.limits import init_limits

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ("en", "de")

babel = Babel()
csrf = CSRFProtect()
migrate = Migrate(
    directory=str(ROOT / "portal" / "migrations"),
    compare_type=True,
    compare_server_default=True,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; without `settings` they are read from the environment."""
    settings = settings or Settings.from_environment()
    logs.configure(settings.log_level)
    alarms.init_alarms(settings)
    app = Flask("portal", static_folder=None, template_folder=str(ROOT / "templates"))
    app.config.update(configuration(settings))
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

    init_boundary(app)
    database.init_database(app)
    database.after_commit(jobs.nudge)
    database.after_commit(live.publish)
    app.extensions["redis"] = jobs.connect(settings.redis_url or "redis://127.0.0.1:1")
    migrate.init_app(app, database.db)
    babel.init_app(
        app,
        locale_selector=choose_locale,
        timezone_selector=choose_timezone,
        default_translation_directories=str(ROOT / "portal" / "translations"),
    )
    init_signin(app)
    csrf.init_app(app)
    Htmx(app)
    app.before_request(check_access)
    app.before_request(lead_to_second_step)
    app.before_request(only_look)
    init_limits(app, settings.redis_url)
    init_errors(app)
    init_filters(app)
    init_assets(app, ROOT / "static")
    for endpoint in ("static", "accent"):
        public(app.view_functions[endpoint])
    app.context_processor(page_context)

    for blueprint in (health.blueprint, figures.blueprint, navigation.blueprint, *wiring.ROOMS):
        app.register_blueprint(blueprint)
    for blueprint in wiring.WITHOUT_COOKIE:
        csrf.exempt(blueprint)
    events.configure(wiring.REACTIONS)
    live.init_live(
        app,
        settings.redis_url or "redis://127.0.0.1:1",
        news_of=desk_live.news_of,
        address=desk_live.address,
        ended=desk_live.ended_sessions,
    )
    return app


def configuration(settings: Settings) -> dict[str, Any]:
    """Return the Flask configuration that follows from the settings."""
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "TESTING": settings.testing,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_BINDS": database.engines_of(settings.database_url),
        "SESSION_COOKIE_NAME": "__Host-session" if settings.secure_cookies else "session",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_REFRESH_EACH_REQUEST": False,
        # the token lives as long as the session that it is bound to
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": 110 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "BABEL_DEFAULT_LOCALE": settings.default_locale,
        "BABEL_DEFAULT_TIMEZONE": settings.default_timezone,
    }


def choose_locale() -> str:
    """Return the person's language, else the visitor's choice, else the browser's."""
    if forced := g.get("locale"):
        return str(forced)
    if not request:
        return LOCALES[0]
    actor = find_actor()
    if actor:
        return actor.locale
    if session.get("locale") in LOCALES:
        return str(session["locale"])
    return request.accept_languages.best_match(LOCALES) or LOCALES[0]


def choose_timezone() -> str | None:
    """Return the person's zone, else the programme's."""
    if forced := g.get("timezone"):
        return str(forced)
    actor = find_actor() if request else None
    return actor.timezone if actor else None


def mails_come_back() -> bool:
    """Say whether mails to who is signed in came back, so that she gets none."""
    actor = find_actor()
    return actor is not None and standing.find_marked(actor.email) is not None


def page_context() -> dict[str, Any]:
    """Return what every template may use."""
    settings: Settings = current_app.config["SETTINGS"]
    actor = find_actor()
    return {
        "actor": actor,
        "nav": navigation.entries(actor) if actor and not owes_second_step(actor) else [],
        "brand": {"name": settings.programme_name, "accent": settings.accent},
        "theme": actor.theme if actor else session.get("theme", "auto"),
        "locale": choose_locale(),
        "local_run": settings.local,
        "stream_url": f"{settings.stream_url}/stream",
        "mails_come_back": mails_come_back,
        "made_at": round(clock.now().timestamp() * 1000),
        "_": translator(),
    }
