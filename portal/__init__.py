"""Firstcome: qualified leads, offered to matched partners, picked up by the first, reported on.

The map of the house; a room enters only rooms below its own line:

10 factory  wiring  cli  up  demo
9  desk            pages that look into several rooms: home, lead dossier, board, team
   api             the JSON face for other systems
   reports         what came of leads in a period, each role its own slice
8  notifications   what each mail says, and its sender
7  inbound         the buttons of mails
6  escalation      what happens around deadlines, each step at its minute; what should never be
   sheets          leads in hand as a list to fill in: taken, sent once a week, given back
   hearing         who hears what and when: wishes, what waits, what would have come
   witness         who calls, told to the customer; whether they did, asked; what was said
   correspondence  mail with the customer: letters from the dossier, a lead's own address
5  feedback        what the holder reports; answer-and-pick
   programme       goals, territories, terms that firms agree to, who refers leads
   assistance      help and special prices that holders ask for; the owner's own duty
   people          pages of who administers people and firms: lists, leavers, moves, the tree
4  pickup          the first-come claim, the gate, give back
3  offers          rounds, recipients, decline
   web_forms       forms on web sites: pages, frames, confirmation, thanks
   qualification   the queue of inquiries; the page that makes one ready, or puts it aside
   capture         by hand, a partner's own find, deliveries of other systems, watched folder
   imports         lists of leads out of files: wizard, worker, report
   scoring         what a lead is worth calling: points, proposed temperature, what came of it
   duplicates      the one way in for an inquiry; who might be the same, merging and its undo
2  matching        which partners suit a lead; which deadline policy holds with whom
   customers       the vendor's accounts, made of won leads or by hand; the way to operations
   relations       who knows a lead's customer already
1  leads  partners
0  deadlines       what is expected, and when: policies of the programme
   campaigns       what brings inquiries in and what it costs; the words people agree to
   catalog  timeline
   wording         the programme's own words in mails: drafts, versions, how they read
   accounts
   web → core
"""
