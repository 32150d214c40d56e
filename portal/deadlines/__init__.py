"""Policies, due-date arithmetic, and inquiries left lying. No reminders: those are notifications.

Enters leads, catalog, timeline, accounts, web and core.
"""
