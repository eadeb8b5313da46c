"""A study as one page: ``content`` reads what a study holds, ``page`` turns it into HTML without network."""
