"""What an address of mail or of the web says of who is behind it. Pure.

Each form is its own: what was normalised once stays the same when it is normalised again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FREE_MAIL = _words(
    "126.com 139.com 163.com 189.cn 1und1.de a1.net abv.bg aim.com alice-dsl.net alice.de "
    "alice.it aliceadsl.fr aliyun.com aon.at arcor.de atlas.cz att.net azet.sk bbox.fr "
    "bell.net bellsouth.net bigmir.net bigpond.com bk.ru bluemail.ch bluewin.ch "
    "blueyonder.co.uk bol.com.br bredband.net bt.com btinternet.com caiway.nl casema.nl "
    "centrum.cz centrum.sk centurylink.net charter.net chello.at chello.nl citromail.hu "
    "club-internet.fr comcast.net comhem.se compuserve.de cox.net daum.net disroot.org "
    "docomo.ne.jp drei.at duck.com earthlink.net eircom.net elisanet.fi email.cz email.de "
    "email.it ewe.net ewetel.de ewetel.net ezweb.ne.jp fastmail.com fastwebnet.it "
    "forthnet.gr foxmail.com free.fr freemail.hu freenet.de frontier.com frontiernet.net "
    "gazeta.pl gmail.com gmail.de googlemail.com hanmail.net hanse.net hansenet.de "
    "hetnet.nl hey.com hispeed.ch home.nl htp-tel.de hushmail.com i.ua icloud.com "
    "ig.com.br iinet.net.au inbox.com inbox.lv inbox.ru inode.at interia.pl internet.ru "
    "inwind.it iol.it jazztel.es jubii.dk juno.com kabelbw.de kabelmail.de kabsi.at "
    "keemail.me kolumbus.fi kpnmail.nl laposte.net libero.it list.ru liwest.at luukku.com "
    "mac.com magenta.de mail.bg mail.com mail.de mail.dk mail.pt mail.ru mailbox.org "
    "mailfence.com me.com meta.ua mnet-mail.de mnet-online.de msn.com mynet.com naver.com "
    "nefkom.net netcabo.pt netcologne.de netzero.net neuf.fr nifty.com noos.fr "
    "ntlworld.com numericable.fr o2.pl o2online.de onet.eu onet.pl online.de online.no "
    "ono.com op.pl optimum.net optonline.net optusnet.com.au orange.fr osnanet.de "
    "otenet.gr pandora.be passagen.se planet.nl plus.net pm.me poczta.fm posteo.de "
    "posteo.eu posteo.net pp.inet.fi appleid.com proton.ch proton.me "
    "proximus.be qq.com quickline.ch quicknet.nl rambler.ru rediffmail.com riseup.net "
    "roadrunner.com rocketmail.com rogers.com runbox.com sapo.pt saunalahti.fi "
    "sbcglobal.net scarlet.be seznam.cz sfr.fr shaw.ca sina.cn sina.com sky.co.uk sky.com "
    "skynet.be softbank.ne.jp sohu.com spectrum.net spray.se startmail.com stofanet.dk "
    "sunrise.ch suomi24.fi swbmail.de swissonline.ch sympatico.ca t-online.at t-online.de "
    "talktalk.net tdcadsl.dk tele2.at telefonica.net telenet.be telenet.nl telenor.no "
    "teletu.it telfort.nl telia.com telia.se telus.net terra.com.br terra.es tin.it "
    "tiscali.co.uk tiscali.it tuta.com tuta.io tutamail.com ukr.net unity-mail.de "
    "unitybox.de unitymedia.de uol.com.br upcmail.nl utanet.at verizon.net versanet.de "
    "videotron.ca virgilio.it virginmedia.com vodafone.de vodafonemail.de voila.fr vol.at "
    "volny.cz voo.be walla.co.il walla.com wanadoo.es wanadoo.fr web.de windstream.net "
    "wp.pl wtnet.de xs4all.nl xtra.co.nz ya.ru yeah.net zeelandnet.nl ziggo.nl zoho.com "
    "zoznam.sk"
)
"""Hosts of mail at which anybody is at home."""
FREE_EVERYWHERE = _words("aol gmx hotmail live outlook protonmail tutanota yahoo yandex ymail")
"""The same under the name of any country: hotmail.be, yahoo.co.jp."""

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
    if found in FREE_MAIL or labels[-few] in FREE_EVERYWHERE or telling_host(found) is None:
        return ""
    return found


def hosts_of(emails: Iterable[str], domains: Iterable[str]) -> frozenset[str]:
    """Return the domains of one's own that addresses and web sites stand under."""
    parts = (*(email.rpartition("@")[2] for email in emails), *domains)
    return frozenset(found for part in parts if part and (found := own_host(part)))
