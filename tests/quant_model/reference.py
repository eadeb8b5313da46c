"""The golden model a second time: plain Python integers and loops, written from the arithmetic's description.

Slow on purpose and free of numpy, so that it shares nothing with what it checks but the parameters.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor

from quant_model.design import DesignPoint
from quant_model.families import Encoder, Stream
from quant_model.integer_model import IntegerModel

Rows = list[list[int]]


def rounded(value: Fraction, bits: int, signed: bool = True) -> int:
    """Half up, then saturated."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    nearest: int = floor(value + Fraction(1, 2))
    return min(max(nearest, low), high)


class Reference:
    """Evaluates one window at a time."""

    def __init__(self, model: IntegerModel) -> None:
        self.design: DesignPoint = model.network.design
        assert isinstance(self.design.shape, Encoder)
        self.shape = self.design.shape
        self.linear = model.parameters.linear
        self.biases = {name: own.tolist() for name, own in model.parameters.biases.items()}
        self.exponents = model.parameters.exponents

    def tensors(self, window: Rows) -> dict[str, Rows]:
        """Every tensor of the network, by name."""
        found = {"input": window}
        unit = {"input": self.exponents["input"]}
        stream = "embed"
        self._linear(found, unit, "embed", "input")
        for step in range(self.shape.layers * self.shape.repeats):
            layer = f"layer{step // self.shape.repeats}"
            for part in ("query", "key", "value"):
                self._linear(found, unit, f"{layer}.{part}", stream)
            self._attention(found, unit, layer)
            self._linear(found, unit, f"{layer}.project", f"{layer}.context")
            self._residual(found, unit, f"{layer}.attention_residual", f"{layer}.project", stream)
            stream = f"{layer}.attention_residual"
            self._linear(found, unit, f"{layer}.expand", stream)
            self._linear(found, unit, f"{layer}.contract", f"{layer}.expand")
            self._residual(found, unit, f"{layer}.ffn_residual", f"{layer}.contract", stream)
            stream = f"{layer}.ffn_residual"
        if isinstance(self.shape, Stream) or self.shape.readout == "last":
            self._linear(found, unit, "head", stream)
            return found
        sums = [sum(row[column] for row in found[stream]) for column in range(self.shape.d_model)]
        unit["pool"] = self.exponents["pool"]
        scale = _power(unit[stream] - unit["pool"])
        found["pool"] = [[rounded(total * scale, self._bits("pool")) for total in sums]]
        self._linear(found, unit, "head", "pool")
        return found

    def _bits(self, tensor: str) -> int:
        return self.design.activation_bits[tensor]

    def _linear(self, found: dict[str, Rows], unit: dict[str, int], name: str, source: str) -> None:
        own = self.linear[name]
        weights, bias = own.weights.tolist(), own.bias.tolist()
        totals = [
            [
                sum(w * x for w, x in zip(weights[out], row, strict=True)) + bias[token % len(bias)][out]
                for out in range(len(weights))
            ]
            for token, row in enumerate(found[source])
        ]
        accumulator = unit[source] + own.exponent
        if name not in self.exponents:
            found[name], unit[name] = totals, accumulator
            return
        unit[name] = self.exponents[name]
        scale = _power(accumulator - unit[name])
        signed = not name.endswith(".expand")
        found[name] = [[rounded(t * scale, self._bits(name), signed) for t in row] for row in totals]

    def _attention(self, found: dict[str, Rows], unit: dict[str, int], layer: str) -> None:
        query, key, value = (found[f"{layer}.{part}"] for part in ("query", "key", "value"))
        score_bits, probability_bits = self._bits(f"{layer}.scores"), self._bits(f"{layer}.probability")
        octaves = 0
        while 2**octaves < probability_bits + 1:
            octaves += 1
        step = -max(score_bits - octaves, 0)
        scale = _power(unit[f"{layer}.query"] + unit[f"{layer}.key"] - step)
        width = self.shape.d_model // self.shape.heads
        # A row of a stream asks when a whole window lies behind it, and meets that window's rows.
        window = self.shape.window if isinstance(self.shape, Stream) else 0
        asking = query[max(window - 1, 0) :]
        if self.shape.readout == "last" and layer == f"layer{self.shape.layers - 1}":
            asking = query[-1:]
            found[f"{layer}.query"] = asking
        scores: Rows = [[] for _ in asking]
        context: Rows = [[] for _ in asking]
        for head in range(self.shape.heads):
            part = slice(head * width, (head + 1) * width)
            for token, q in enumerate(asking):
                keys, values = (part[token : token + window] if window else part for part in (key, value))
                biases = self.biases[f"{layer}.scores"][head] if window else [0] * len(keys)
                row = [
                    rounded(
                        (sum(a * b for a, b in zip(q[part], k[part], strict=True)) + bias) * scale, score_bits
                    )
                    for k, bias in zip(keys, reversed(biases), strict=True)
                ]
                numerators = [self._numerator(max(row) - score, step, probability_bits) for score in row]
                denominator = sum(numerators)
                for column in range(head * width, (head + 1) * width):
                    weighted = sum(p * v[column] for p, v in zip(numerators, values, strict=True))
                    context[token].append(floor(Fraction(weighted, denominator) + Fraction(1, 2)))
                scores[token] += row
        found[f"{layer}.scores"], found[f"{layer}.context"] = scores, context
        unit[f"{layer}.context"] = unit[f"{layer}.value"]

    @staticmethod
    def _numerator(distance: int, step: int, bits: int) -> int:
        share: float = 2.0 ** -(distance * 2.0**step)
        return floor(((1 << bits) - 1) * share + 0.5)

    def _residual(
        self, found: dict[str, Rows], unit: dict[str, int], name: str, branch: str, stream: str
    ) -> None:
        unit[name] = self.exponents[name]
        for_branch, for_stream = (_power(unit[source] - unit[name]) for source in (branch, stream))
        newest = found[stream][-len(found[branch]) :]
        found[name] = [
            [rounded(b * for_branch + s * for_stream, self._bits(name)) for b, s in zip(*rows, strict=True)]
            for rows in zip(found[branch], newest, strict=True)
        ]


def _power(exponent: int) -> Fraction:
    return Fraction(2) ** exponent
