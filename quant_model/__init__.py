"""The quantised Transformer: design points, the network they describe, and its integer arithmetic.

Everything here but :mod:`quant_model.training` is free of torch, so that cost model, generator and
command line start quickly.
"""
