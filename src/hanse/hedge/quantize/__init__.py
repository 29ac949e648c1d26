"""A Hugging Face folder as the smaller file that a CPU serves: GGUF for llama.cpp, int8 for CTranslate2; and what is really in
such a file, tensor by tensor. In the order of the work: folder, architectures, pre, tokenizer, formats, encode, write, show; and
the way back: back, unpack."""
