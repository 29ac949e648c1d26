"""A case as one self-contained page: pictures first, every figure folded away under them."""
