"""Who hears what and when: the wishes of each person, and what waits until she wants to hear it.

Not here: what a mail says (`notifications`), and how it is sent (`core.mail`).
"""
