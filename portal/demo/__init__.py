"""The demo programme: invented people, partners and a year of their work.

`story` plays the year through the operations of the rooms with a moved clock; `cast`, `places`,
`topics` and `phrases` are the words it is made of; `inquiries` composes one inquiry out of them.
Enters every room below.
"""
