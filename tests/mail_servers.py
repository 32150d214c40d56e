"""Real mail servers for tests, on 127.0.0.1 and in a folder of their own: Dovecot for IMAP."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from imapclient import IMAPClient

from portal.core.processes import die_with_parent
from portal.core.servers import free_port

TLS = Path(__file__).parent / "core" / "tls"
PATIENCE = 10.0
USER, PASSWORD = "leads@vendor.example", "grün & geheim"
DOVECOT = """
protocols = imap
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
listen = 127.0.0.1
mail_location = maildir:{home}/mail/%u
ssl = yes
ssl_cert = <{home}/server.pem
ssl_key = <{home}/server.pem
auth_failure_delay = 0
mailbox_idle_check_interval = 1 secs
mail_max_userip_connections = 50
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  # or each wrong password would slow down the next try
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def program(name, package):
    """Return where a server's program lies; says what to install where there is none."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert found, f"sudo apt-get install --no-install-recommends {package}"
    return found


def owner():
    """Return whom a server runs as: us, and nobody special where we are root."""
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return account.pw_name, grp.getgrgid(account.pw_gid).gr_name


class Dovecot:
    """A Dovecot with one mailbox; what lies in it is asked as any mail program would."""

    def __init__(self, home, **settings):
        self.home = home
        self.imap, self.imaps = free_port(), free_port()
        self.settings = settings
        self.process = None

    @property
    def url(self):
        """The address of the mailbox as `IMAP_URL` has it, TLS and all."""
        return f"imaps://leads%40vendor.example:gr%C3%BCn%20%26%20geheim@127.0.0.1:{self.imaps}"

    def start(self):
        user, group = owner()
        (self.home / "mail").mkdir(exist_ok=True)
        shutil.copy(TLS / "server.pem", self.home)
        (self.home / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
        text = DOVECOT.format(
            home=self.home, imap=self.imap, imaps=self.imaps, user=user, group=group
        )
        more = "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        (self.home / "dovecot.conf").write_text(text + more)
        if os.geteuid() == 0:
            for path in (self.home, *self.home.rglob("*")):
                shutil.chown(path, user, group)
        self.process = subprocess.Popen(
            [program("dovecot", "dovecot-imapd"), "-F", "-c", str(self.home / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, no locks)
            **({"user": user, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}),
        )
        await_port(self.imaps, self.process, self.home / "log")

    def stop(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)
            self.process = None

    @contextmanager
    def open(self, folder="INBOX"):
        """Look into the mailbox as somebody who owns it."""
        with IMAPClient("127.0.0.1", self.imap, ssl=False) as client:
            client.plain_login(USER, PASSWORD)
            client.select_folder(folder)
            yield client

    def put(self, *mails, folder="INBOX"):
        """Have mails lie in a folder."""
        with self.open(folder) as client:
            for mail in mails:
                client.append(folder, mail)

    def subjects(self, folder="INBOX"):
        """Return what the mails in a folder are about."""
        with self.open(folder) as client:
            found = client.fetch(client.search(), ["ENVELOPE"])
            return [found[uid][b"ENVELOPE"].subject.decode() for uid in sorted(found)]


def await_port(port, process, log):
    """Wait until somebody listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    said = log.read_text() if log.exists() else ""
    raise AssertionError(f"nobody listens: {said[-2000:]}")
