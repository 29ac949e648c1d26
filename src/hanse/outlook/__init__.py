"""What is happening to open-model supply, tested on data.

`catalogue` holds the rows, `importers` read publishers' files, `rating` computes lag and tier of every release,
`signals`, `supply`, `survival`, `forecast` and `backtest` say what follows from them, `claims` puts fourteen claims to
the test, `brief` writes for whoever depends on some of these models, `result` is all of it as
plain values, and `report` draws it. No torch, no network.
"""
