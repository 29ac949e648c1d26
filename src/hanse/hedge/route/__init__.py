"""A small OpenAI-compatible router: names that applications use stay, the engines behind them change. It serves no tensor itself.

`routes` is the file, `state` what was swapped; `choose` is pure; `upstream` asks one engine, `serve` answers clients."""
