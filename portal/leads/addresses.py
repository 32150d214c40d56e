"""What an address of mail or of the web says of who is behind it. Pure.

Each form is its own: what was normalised once stays the same when it is normalised again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FREE_MAIL = _words(
    "aim.com alice.it aol.com aol.de arcor.de att.net bellsouth.net bigpond.com "
    "bluewin.ch bt.com btinternet.com chello.at chello.nl comcast.net cox.net "
    "earthlink.net email.cz email.de fastmail.com fastwebnet.it free.fr freenet.de "
    "gmail.com gmail.de gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com "
    "home.nl hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it "
    "hotmail.nl icloud.com inbox.lv inbox.ru interia.pl kpnmail.nl laposte.net libero.it "
    "list.ru live.at live.co.uk live.com live.de live.fr live.it live.nl mac.com mail.com "
    "mail.de mail.ru me.com mailbox.org msn.com netcologne.de neuf.fr numericable.fr "
    "o2.pl o2online.de online.de online.no onet.pl orange.fr outlook.at outlook.com "
    "outlook.de outlook.es outlook.fr outlook.it planet.nl pm.me posteo.de proton.me "
    "protonmail.com qq.com rambler.ru rocketmail.com rogers.com sapo.pt sbcglobal.net "
    "seznam.cz sfr.fr shaw.ca skynet.be sky.com sunrise.ch sympatico.ca t-online.de "
    "talktalk.net telenet.be telia.com terra.es tin.it tiscali.it tutanota.com ukr.net "
    "unitybox.de verizon.net versanet.de virgilio.it virginmedia.com vodafone.de voila.fr "
    "wanadoo.es wanadoo.fr web.de wp.pl xs4all.nl yahoo.co.uk yahoo.com yahoo.de yahoo.es "
    "yahoo.fr yahoo.it yandex.ru ymail.com zeelandnet.nl ziggo.nl zoho.com 163.com"
)
"""Hosts of mail at which anybody is at home."""

# web addresses under which many are at home: they say nothing of who it is
SHARED_HOSTS = frozenset(
    [
        "facebook.com",
        "instagram.com",
        "linkedin.com",
        "xing.com",
        "x.com",
        "twitter.com",
        "youtube.com",
        "google.com",
        "sites.google.com",
        "wordpress.com",
        "wixsite.com",
        "jimdo.com",
        "github.io",
        "gmail.com",
        "googlemail.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "outlook.com",
        "hotmail.com",
        "yahoo.com",
        "icloud.com",
    ]
)


_SECOND_LEVEL = _words("co com org net ac gov edu or ne go gv")
_LABEL = re.compile(r"[\w-]+")


def mailbox(email: str) -> str:
    """Return an address without what its owner may add or leave out; "" for none."""
    local, at, host = email.strip().lower().rpartition("@")
    if not (at and local and host):
        return ""
    host = {"googlemail.com": "gmail.com", "gmail.de": "gmail.com"}.get(host, host)
    local = local.partition("+")[0] or local
    if host == "gmail.com":
        local = local.replace(".", "") or local
    return f"{local}@{host}"


def telling_host(host: str | None) -> str | None:
    """Return the host of a web address where it says who it is; None where many share it."""
    return None if host in SHARED_HOSTS else host


def own_host(host: str) -> str:
    """Return the domain that a host is part of; "" where many are at home there."""
    labels = host.strip().lower().strip(".").removeprefix("www.").split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        return ""
    few = 3 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2 else 2
    found = ".".join(labels[-few:])
    if found in FREE_MAIL or telling_host(found) is None:
        return ""
    return found


def hosts_of(emails: Iterable[str], domains: Iterable[str]) -> frozenset[str]:
    """Return the domains of one's own that addresses and web sites stand under."""
    parts = (*(email.rpartition("@")[2] for email in emails), *domains)
    return frozenset(found for part in parts if part and (found := own_host(part)))
