"""The log: signed entries, RFC 6962 tree, cosigned tree heads, kept in a store. Knows no stage's kind of entry."""
