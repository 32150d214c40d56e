"""Web forms: contact me, free trial, registration for an event; made on pages, open to everybody.

A form stands at `/f/<key>`, in a frame of a page that may hold it, or as plain HTML elsewhere that
posts to it. What comes in takes the way of every inquiry (`duplicates.entrance`); where the form
wants the address confirmed it waits until the button of a mail is pressed. Enters duplicates,
leads, campaigns, catalog, web and core.
"""
