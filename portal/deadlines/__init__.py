"""Policies and due-date arithmetic. No reminders: those belong to escalation.

Enters catalog, timeline, accounts, web and core.
"""
