"""The kinds of nodes: each one a module here and one of the same name in every package that knows of kinds."""
