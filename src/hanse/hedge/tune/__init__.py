"""A model tuned on one's own data: `base` opens it, `chat` makes tokens of conversations, `lora` attaches, saves and merges
adapters, `folder` writes a model's folder."""
