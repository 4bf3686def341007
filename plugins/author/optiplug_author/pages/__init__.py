"""Pages in Markdown about installed plugins, from what they say of themselves."""
