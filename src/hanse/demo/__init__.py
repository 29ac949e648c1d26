"""The demo: four members with four private corpora of real text train one model through one bucket.

`corpora` names the four domains and writes each member's split; `sources` reads the installed packages they come from;
`report` turns a demo's result.json into one self-contained page, stage by stage: `agreeing`, `training`, `proving` and
`hedging` draw their parts with `charts`, `keeping` plays the hedge, `findings` says what
the figures mean, `tables` folds them away.
"""
