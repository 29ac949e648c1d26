"""What the readers of programs share, whatever the language: `values` an expression can be, `texts` put together, `judging`
what asks for a model, `tables` of names, and `sightings`, where all of it is gathered."""
