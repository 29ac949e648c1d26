"""What is wrong with a charter that parses, and with one that does not: `check` runs the rules of `rules`, a module
a subject."""
