"""Where a model's files can be had: `folder`, `cache` (Hugging Face's client's), `hub` (Hugging Face and what speaks its
protocol), `oci` registries (over `http`), and `bucket` (a mirror in any store). `base` says what a source is; `open_source` in
it finds the right one for a text."""
