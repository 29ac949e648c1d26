"""The rows everything is computed from: `schema` says what a row is, `tables` reads and writes a folder of CSV files,
`data` is what ships."""
