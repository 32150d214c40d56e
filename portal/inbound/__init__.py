"""What people do from their mail client: the pages behind the links of mails, `/m/<token>`.

A page is opened by scanners as often as by people, so opening changes nothing; a press of a button
does, by the very operations of the portal. Offers `events.MailActionDone`; enters feedback and
everything below, not notifications.
"""
