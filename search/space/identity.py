"""Digests and seeds: the same on every machine and in every process."""

from __future__ import annotations

import hashlib
import json

from quant_model.design import DesignPoint

__all__ = ["arithmetic_digest", "seed_from"]


def seed_from(*parts: object) -> int:
    """A seed below 2**31 from anything printable."""
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def arithmetic_digest(design: DesignPoint) -> str:
    """16 hexadecimal digits of what decides a design's forecasts: shape and bits, not lanes and memories."""
    full = design.as_dict()
    part = {key: full[key] for key in ("architecture", "weight_bits", "activation_bits")}
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:16]
