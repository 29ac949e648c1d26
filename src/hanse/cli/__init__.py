"""The commands: parse, call, print. One file per stage; no logic."""
