"""Where a model's files can be had: `folder`, `cache` (Hugging Face's client's), `hub` (Hugging Face and what speaks its
protocol) and `oci` registries (over `http`). `base` says what a source is; a mirror is one too (`hanse.hedge.mirror.source`);
`hanse.hedge.opening` finds the right one for a text."""
