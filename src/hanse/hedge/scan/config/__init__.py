"""Configuration files: each format becomes `nodes` with lines, `keys` says which key asks for a model, `entries` reads both."""
