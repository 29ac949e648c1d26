"""A server that speaks the Tinker API, so that its client trains on one's own machine: one base, many adapters, several users.

`schema`, `requests` and `wire` are the bytes; `losses`, `adapters`, `train` and `sample` the tensors, on one thread; `turns`
who is next and what came of it; `shelf` what outlives the process; `serve`, `training`, `sampling`, `rest` answer."""
