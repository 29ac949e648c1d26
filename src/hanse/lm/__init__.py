"""One site's language model: text, tokenizer, packing, training, evaluation. No consortium in it."""
