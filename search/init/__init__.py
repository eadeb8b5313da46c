"""A first study file for a CSV: ``guess`` looks at what it holds, ``writing`` makes a file that runs."""
