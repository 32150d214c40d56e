"""`portal policies`: deadline policies, and where each is used, in and out from the shell."""

from __future__ import annotations

from portal.matching.policy_file import KEPT
from portal.web.commands import commands

policies = commands(KEPT)
