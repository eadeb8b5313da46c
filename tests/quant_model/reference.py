"""The golden model a second time: plain Python integers and loops, written from the arithmetic's description.

Slow on purpose and free of numpy, so that it shares nothing with what it checks but the parameters.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor

from quant_model.design import DesignPoint
from quant_model.families import Encoder, Hybrid, Stream
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
        self.shape = self.design.shape
        self.linear = model.parameters.linear
        self.biases = {name: own.tolist() for name, own in model.parameters.biases.items()}
        self.exponents = model.parameters.exponents

    def tensors(self, window: Rows) -> dict[str, Rows]:
        """Every tensor of the network, by name."""
        if isinstance(self.shape, Hybrid):
            return self._hybrid(self.shape, window)
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
        self._pool(found, unit, stream)
        return found

    def _hybrid(self, shape: Hybrid, image: Rows) -> dict[str, Rows]:
        found, unit = {"input": image}, {"input": self.exponents["input"]}
        size, stream = (shape.height, shape.width), "input"
        for stage in range(shape.stages):
            entry, stride = (f"stage{stage}", 2) if stage else ("stem", shape.stem_stride)
            name = f"{entry}.neighbourhood"
            found[name], unit[name] = around(found[stream], size, stride), unit[stream]
            self._linear(found, unit, f"{entry}.convolution", name)
            size, stream = ((size[0] - 1) // stride + 1, (size[1] - 1) // stride + 1), f"{entry}.convolution"
            block = f"stage{stage}"
            for _ in range(shape.steps):
                self._depthwise(found, unit, f"{block}.depthwise0", stream, size)
                self._linear(found, unit, f"{block}.pointwise0", f"{block}.depthwise0")
                self._depthwise(found, unit, f"{block}.depthwise1", f"{block}.pointwise0", size)
                self._linear(found, unit, f"{block}.pointwise1", f"{block}.depthwise1")
                self._residual(found, unit, f"{block}.residual", f"{block}.pointwise1", stream)
                stream = f"{block}.residual"
        for step in range(shape.attention_steps):
            if step == 0:
                self._linear(found, unit, "attention.embed", stream)
                stream = "attention.embed"
            for part in ("query", "key", "value"):
                self._linear(found, unit, f"attention.{part}", stream)
            self._attention(found, unit, "attention")
            self._linear(found, unit, "attention.project", "attention.context")
            self._residual(found, unit, "attention.residual", "attention.project", stream)
            stream = "attention.residual"
        if shape.pooling == "mean":
            self._pool(found, unit, stream)
        else:
            pixels = found | {stream: [[value for pixel in found[stream] for value in pixel]]}
            self._linear(pixels, unit, "head", stream)
            found["head"] = pixels["head"]
        return found

    def _pool(self, found: dict[str, Rows], unit: dict[str, int], stream: str) -> None:
        sums = [sum(column) for column in zip(*found[stream], strict=True)]
        unit["pool"] = self.exponents["pool"]
        scale = _power(unit[stream] - unit["pool"])
        found["pool"] = [[rounded(total * scale, self._bits("pool")) for total in sums]]
        self._linear(found, unit, "head", "pool")

    def _depthwise(
        self, found: dict[str, Rows], unit: dict[str, int], name: str, source: str, size: tuple[int, int]
    ) -> None:
        own = self.linear[name]
        weights, bias = own.weights.tolist(), own.bias.tolist()[0]
        rows = around(found[source], size, 1)
        channels = len(weights)
        unit[name] = self.exponents[name]
        scale = _power(unit[source] + own.exponent - unit[name])
        found[name] = [
            [
                rounded(
                    (sum(w * x for w, x in zip(weights[c], row[c::channels], strict=True)) + bias[c]) * scale,
                    self._bits(name),
                )
                for c in range(channels)
            ]
            for row in rows
        ]

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
        signed = not name.endswith((".expand", ".pointwise0"))
        found[name] = [[rounded(t * scale, self._bits(name), signed) for t in row] for row in totals]

    def _attention(self, found: dict[str, Rows], unit: dict[str, int], layer: str) -> None:
        query, key, value = (found[f"{layer}.{part}"] for part in ("query", "key", "value"))
        score_bits, probability_bits = self._bits(f"{layer}.scores"), self._bits(f"{layer}.probability")
        octaves = 0
        while 2**octaves < probability_bits + 1:
            octaves += 1
        step = -max(score_bits - octaves, 0)
        scale = _power(unit[f"{layer}.query"] + unit[f"{layer}.key"] - step)
        width = len(query[0]) // self.shape.heads
        # A row of a stream asks when a whole window lies behind it, and meets that window's rows.
        window = self.shape.window if isinstance(self.shape, Stream) else 0
        asking = query[max(window - 1, 0) :]
        shape = self.shape
        if isinstance(shape, Encoder) and shape.readout == "last" and layer == f"layer{shape.layers - 1}":
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


def around(rows: Rows, size: tuple[int, int], stride: int) -> Rows:
    """The values of every centre's neighbours, line by line; of an image of one line or column but three."""
    height, width = size
    near = (-1, 0, 1)
    beside = [(0, d) for d in near] if height == 1 else [(d, 0) for d in near]
    steps = beside if 1 in size else [(y, x) for y in near for x in near]
    zeros = [0] * len(rows[0])
    found = []
    for y in range(0, height, stride):
        for x in range(0, width, stride):
            places = [(y + dy, x + dx) for dy, dx in steps]
            inside = [0 <= v < height and 0 <= u < width for v, u in places]
            pixels = [
                rows[v * width + u] if known else zeros for (v, u), known in zip(places, inside, strict=True)
            ]
            found.append([value for pixel in pixels for value in pixel])
    return found


def _power(exponent: int) -> Fraction:
    return Fraction(2) ** exponent
