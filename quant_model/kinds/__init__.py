"""The kinds of nodes: each one a module here, and one of its name wherever something is known of kinds."""
