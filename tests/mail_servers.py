"""Real mail servers for tests, on 127.0.0.1 and in a folder of their own.

Dovecot has a mailbox. Postfix, which starts for root alone, stands before our listener as the page
for operators sets it up.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
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

ROOT = Path(__file__).resolve().parents[1]
TLS = Path(__file__).parent / "core" / "tls"
PATIENCE = 30.0
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


POSTFIX = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.firstcome.example
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = /dev/stdout
smtpd_peername_lookup = no
alias_maps =
local_recipient_maps =
"""
DAEMONS = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""
QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming"),
    *("private", "saved", "trace"),
)


class Postfix:
    """A Postfix that hands over to a listener of ours."""

    def __init__(self, home, domain, listener):
        self.home, self.conf, self.port = home, home / "conf", free_port()
        page = (ROOT / "docs" / "operator.md").read_text()
        (told,) = re.findall(r"```\n(relay_domains.*?)```", page, re.DOTALL)
        (self.checks,) = re.findall(r"```\n(/\^Auth.*?)```", page, re.DOTALL)
        told = told.replace("in.example.com", domain).replace(":8025", f":{listener}")
        self.told = told.replace("/etc/postfix", str(self.conf))
        self.process = None

    def start(self):
        self.home.chmod(0o755)
        self.conf.mkdir()
        (self.conf / "main.cf").write_text(POSTFIX.format(home=self.home) + self.told)
        (self.conf / "master.cf").write_text(DAEMONS.format(port=self.port).lstrip())
        (self.conf / "header_checks").write_text(self.checks)
        queue = self.home / "queue"
        for folder, mode in {
            **{queue / name: 0o700 for name in QUEUES},
            self.home / "data": 0o700,
            queue / "maildrop": 0o730,
            queue / "public": 0o710,
        }.items():
            folder.mkdir(parents=True)
            shutil.chown(folder, "postfix", "postdrop" if mode & 0o070 else None)
            folder.chmod(mode)
        (queue / "pid").mkdir()
        log = self.home / "log"
        with log.open("wb") as sink:
            self.process = subprocess.Popen(
                [program("/usr/lib/postfix/sbin/master", "postfix"), "-c", str(self.conf), "-d"],
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, no locks)
            )
        await_port(self.port, self.process, log)

    def stop(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(PATIENCE)

    def waiting(self, again=False):
        """Return how many mails lie in its queue; with `again` it tries them at once."""
        asked = [program("postqueue", "postfix"), "-c", str(self.conf)]
        if again:
            subprocess.run([*asked, "-f"], check=True, timeout=PATIENCE)
        told = subprocess.run(
            [*asked, "-j"], check=True, capture_output=True, text=True, timeout=PATIENCE
        )
        return sum(1 for line in told.stdout.splitlines() if '"deferred"' in line)


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


def until(happened):
    """Wait until something has happened, and return what it returned."""
    deadline = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found
