"""models.lock: `schema` says what stands in it and `kept` writes it, with the license texts beside it; `take` makes an entry
(`card`, `gguf` and `statement` read what a model says of itself), `hashing` digests files on all cores, `verify` holds files to
a lock, `compare` tells what moved. Everything but asking a source works offline."""
