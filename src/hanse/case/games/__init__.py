"""Cooperative games between members: what a coalition is worth, what each adds, and who would rather leave together.

`game` holds the games, `shapley`, `core` and `nucleolus` answer, `stability` gathers the answers. `separation` finds the
coalition that gains most where they are too many to list, `level` is the linear program behind least core and nucleolus.
"""
