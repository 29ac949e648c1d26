"""Shell text: `lexer` cuts it into commands, `variables` fills in constants, `commands` knows what takes a model, `read` joins them."""
