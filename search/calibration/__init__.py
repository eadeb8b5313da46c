"""Measuring what synthesis counts, and what the cost model learns from it."""
