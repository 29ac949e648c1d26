"""A charter as prose: numbered articles in plain text (`articles`), printed as Markdown (`markdown`) or as a page (`page`)."""
