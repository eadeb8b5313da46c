"""Boards: a top level round an exported accelerator, its constraints, its bitstream and its simulation."""
