"""Hanse: the software of an open-model consortium. One sentence: a consortium is a fold over a signed, append-only log.

    charter      the agreement as data                 consortium   who is a member, which keys, what time: the fold
    ledger       entries, Merkle tree, tree heads      lm           one site's language model
    store        the bucket: four verbs                run          joint training: rounds, merge, replay, simulator
    demo         four organizations on one machine     cli          the commands
"""

__version__ = "0.1.0"
