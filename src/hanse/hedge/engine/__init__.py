"""The very file and engine that will run, asked one question at a time: `base` is the protocol, `opening` makes an engine of what
the user names, `local` holds a model in a `process` of its own (`inside`, with `llama`, `folder` or `ct2`), `endpoint` asks one
over HTTP, `fixed` gives answers that were recorded."""
