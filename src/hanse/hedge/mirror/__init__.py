"""Locked models in a store of one's own: `keep` fills it from any source, `verify` reads all of it, `get` and `serve` give the
models back, `sweep` collects what no lock names, `possession` asks a partner's mirror for proof. `layout` has the names."""
