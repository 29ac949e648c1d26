"""The clauses, by what they are about: membership, money, votes, leaving, the model, and prose."""
