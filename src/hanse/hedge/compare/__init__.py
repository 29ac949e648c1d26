"""Is a substitute good enough for the tasks of whoever must swap? `tasks` are the questions, `checkers` (with `sandbox`) mark
the answers, `paired` says from the marks of both models: swap, keep, or how many more items are needed; `betting` is its
statistics and `forecast` its outlook on items to come."""
