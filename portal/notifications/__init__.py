"""Notifications: who hears what, how and when.

Reacts to events of the rooms below by posting mails into `core.mail.outbox`; owns the texts in
templates/emails. Shows the mails that a local run has caught. May enter every room below; no room
enters it.
"""
