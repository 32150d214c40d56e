"""Reports: what came of leads in a period, each role its own slice; by page, file and mail.

Each figure is defined once: what it counts in `queries`, what it is called and how it is reckoned
in `words`; whose leads it counts, in `slices`. The board reads its figures here, too. Never contact
data, and nothing that a firm doesn't share with its distributor. Enters notifications and
everything below.
"""
