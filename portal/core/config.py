"""The settings of one process, read once from the environment. Nothing else reads `os.environ`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

REQUIRED_IN_PRODUCTION = (
    "SECRET_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "SMTP_URL",
    "PUBLIC_URL",
    "MAIL_DOMAIN",
)

# what large mail providers take from one sender without asking back
MAILS_A_MINUTE = 300

SHORTEST_SECRET = 32


class SettingsMissing(Exception):
    """A setting that production needs is not there or can't be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `local` is a run with embedded servers, a mail catcher and a demo."""

    database_url: str
    redis_url: str
    secret_key: str
    smtp_url: str
    public_url: str
    mail_domain: str
    var_dir: Path
    local: bool
    mailbox_url: str
    proxy_hops: int
    programme_name: str
    accent: str
    default_locale: str
    default_timezone: str
    currency: str
    log_level: str
    testing: bool = False
    # where mail comes in on this machine, and the address at which it becomes an inquiry
    mail_in_port: int = 8025
    lead_address: str = "inquiries@in.firstcome.example"
    # a mailbox that mail is fetched from; empty: none
    imap_url: str = field(default="", repr=False)
    # what signs mail that another system hands over, the newest first; none: nobody may
    mail_webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    # the name by which our own mail server signs what it found out about a sender
    authserv_id: str = ""
    stream_url: str = ""
    # mails to one domain within a minute; 0: as many as there are
    mail_per_domain: int = 0
    # opens /metrics to who is not on this machine; empty: nobody else
    metrics_token: str = ""
    # where errors are reported to, as services that speak Sentry's language name themselves
    error_dsn: str = ""
    # whose sign-in must have a second step: names of roles, or "all"
    second_step_roles: frozenset[str] = frozenset()

    @property
    def inbound_domain(self) -> str:
        """Return the domain at which mail comes in."""
        return self.lead_address.rpartition("@")[2].lower()

    @property
    def secure_cookies(self) -> bool:
        """True where the public address is https: cookies are then `__Host-` and Secure."""
        return urlsplit(self.public_url).scheme == "https"

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings.

        Raises `SettingsMissing` naming every absent one, unless `FIRSTCOME_LOCAL=1`.
        """
        env = os.environ if env is None else env
        local = env.get("FIRSTCOME_LOCAL") == "1"
        missing = [name for name in REQUIRED_IN_PRODUCTION if not env.get(name)]
        if missing and not local:
            raise SettingsMissing(
                "Missing settings: " + ", ".join(missing) + ". Set them in the environment, "
                "or start a local run with `make run`."
            )
        public_url = env.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
        return cls(
            database_url=sqlalchemy_url(env.get("DATABASE_URL", "")),
            redis_url=env.get("REDIS_URL", ""),
            secret_key=env.get("SECRET_KEY") or secrets.token_hex(32),
            smtp_url=env.get("SMTP_URL", ""),
            public_url=public_url,
            mail_domain=env.get("MAIL_DOMAIN") or "in.firstcome.example",
            var_dir=Path(env.get("VAR_DIR", "var")).absolute(),
            local=local,
            mailbox_url=env.get("MAILBOX_DIR", ""),
            proxy_hops=number(env, "PROXY_HOPS", 0),
            programme_name=env.get("PROGRAMME_NAME", "Firstcome"),
            accent=env.get("ACCENT", ""),
            default_locale=env.get("DEFAULT_LOCALE", "en"),
            default_timezone=env.get("DEFAULT_TIMEZONE", "Europe/Berlin"),
            currency=env.get("CURRENCY", "EUR"),
            log_level=env.get("LOG_LEVEL", "INFO"),
            testing=env.get("FIRSTCOME_TESTING") == "1",
            mail_in_port=number(env, "MAIL_IN_PORT", 8025),
            lead_address=env.get("LEAD_ADDRESS")
            or f"inquiries@{env.get('MAIL_DOMAIN') or 'in.firstcome.example'}",
            imap_url=env.get("IMAP_URL", "").strip(),
            mail_webhook_secrets=long_secrets(env, "MAIL_WEBHOOK_SECRET"),
            authserv_id=env.get("AUTHSERV_ID", "").strip().lower(),
            stream_url=stream_address(env.get("STREAM_URL", ""), public_url),
            mail_per_domain=number(
                env, "MAIL_PER_DOMAIN_PER_MINUTE", 0 if local else MAILS_A_MINUTE
            ),
            metrics_token=env.get("METRICS_TOKEN", ""),
            error_dsn=env.get("SENTRY_DSN") or env.get("ERROR_DSN", ""),
            second_step_roles=frozenset(env.get("SECOND_STEP_ROLES", "").replace(",", " ").split()),
        )


def number(env: Mapping[str, str], name: str, otherwise: int) -> int:
    """Return a setting that is a whole number, 0 or more; `otherwise` where it is not there.

    Raises `SettingsMissing` for anything else.
    """
    given = env.get(name, "").strip()
    if not given:
        return otherwise
    if not given.isdecimal():
        raise SettingsMissing(f"{name} must be a whole number.")
    return int(given)


def long_secrets(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the secrets of a setting, one or, while they change, two of them.

    Raises `SettingsMissing` for more, and for one that is short enough to be found out.
    """
    found = tuple(env.get(name, "").replace(",", " ").split())
    if len(found) > 2 or any(len(one) < SHORTEST_SECRET for one in found):
        raise SettingsMissing(
            f"{name} must be one secret of {SHORTEST_SECRET} characters or more, or two."
        )
    return found


def stream_address(stream_url: str, public_url: str) -> str:
    """Return where streams are served; empty where the pages are.

    Raises `SettingsMissing` for another host: the session's cookie would not go there.
    """
    stream_url = stream_url.rstrip("/")
    if not stream_url:
        return ""
    stream, pages = urlsplit(stream_url), urlsplit(public_url)
    if (stream.scheme, stream.hostname) != (pages.scheme, pages.hostname):
        raise SettingsMissing(
            "STREAM_URL must have the scheme and host of PUBLIC_URL; only its port may differ."
        )
    return f"{stream.scheme}://{stream.netloc}"


def sqlalchemy_url(url: str) -> str:
    """Return `url` with the psycopg 3 driver named, as SQLAlchemy wants it."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
