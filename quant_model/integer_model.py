"""The integer model: a trained network as integers. Its numpy forward pass is the golden model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.design import DesignPoint
from quant_model.errors import UserError
from quant_model.formats import IntArray
from quant_model.graph import INPUT
from quant_model.input_scale import InputScale
from quant_model.network import Network, build_network
from quant_model.node import LinearParameters, Parameters
from quant_model.windows import WindowArray

FloatArray = npt.NDArray[np.floating[Any]]

_CHUNK, _CHUNK_ROWS = 256, 1 << 16
"""Windows evaluated at once, and their rows, at most: keeps intermediates within some hundred megabytes."""


@dataclass(frozen=True, eq=False)
class IntegerModel:
    """A network with its integers.

    Raises:
        ValueError: a shape, weight, bias or shift lies outside what the hardware provides for.
    """

    network: Network
    parameters: Parameters

    def __post_init__(self) -> None:
        for node in self.network.nodes:
            node.check(self.parameters, self.exponents)
        features = self.network.input.columns
        if len(self.input_scale.step) != features:
            raise ValueError(f"input: {len(self.input_scale.step)} steps for {features} features")

    def built_as(self, design: DesignPoint) -> IntegerModel:
        """The same integers in another build: lanes, multipliers and memories of ``design``.

        Raises:
            ValueError: shape or bits are others.
        """
        own = self.network.design
        if (design.shape, design.weight_bits, design.activation_bits) != (
            own.shape,
            own.weight_bits,
            own.activation_bits,
        ):
            raise ValueError("the design computes something else: its shape or bits differ")
        return IntegerModel(build_network(design), self.parameters)

    @cached_property
    def exponents(self) -> dict[str, int]:
        """The exponent of every tensor, ``input`` included."""
        found = {INPUT: self.parameters.exponents[INPUT]}
        for node in self.network.nodes:
            sources = tuple(found[name] for name in node.sources)
            found[node.name] = node.exponent(self.parameters, sources)
        return found

    def source_exponents(self, name: str) -> tuple[int, ...]:
        """The exponents of a node's sources."""
        return tuple(self.exponents[source] for source in self.network.by_name[name].sources)

    @cached_property
    def input_scale(self) -> InputScale:
        """Offset and step of every feature."""
        step = 2.0 ** self.exponents[INPUT]
        return self.parameters.input_scale or InputScale.uniform(self.network.input.columns, step)

    def forward(self, windows: IntArray) -> IntArray:
        """Golden forward pass: int64 ``(batch, sees, features)`` to ``(batch, outputs)``.

        Of an endless series' rows ``(1, n, features)`` :meth:`tensors` makes all forecasts at once.
        """
        out = self.network.output
        chunk = self._chunk
        chunks = [self.tensors(windows[i : i + chunk])[out.name] for i in range(0, len(windows), chunk)]
        return np.concatenate(chunks)[:, 0, :] if chunks else np.empty((0, out.columns), np.int64)

    def answers(self, inferences: IntArray) -> IntArray:
        """What an accelerator answers to inferences behind a reset.

        Args:
            inferences: int64 ``(n, rows, features)``: windows, or the rows of a series one by one.

        Returns:
            int64 ``(n, outputs)``; 0 where it depends on rows from before the first.
        """
        warm_up = int(self.network.warm_up)
        if not warm_up:
            return self.forward(inferences)
        found = np.zeros((len(inferences), self.network.output.columns), np.int64)
        series = inferences.reshape(1, -1, self.network.input.columns)
        if len(inferences) > warm_up:
            found[warm_up:] = self.tensors(series)[self.network.output.name][0]
        return found

    def tensors(self, windows: IntArray) -> dict[str, IntArray]:
        """Every tensor of a forward pass, int64 ``(batch, rows, columns)`` by name."""
        found: dict[str, IntArray] = {INPUT: np.asarray(windows, np.int64)}
        for node, names in self.network.steps:
            sources = (found[name] for name in names)
            found[node.name] = node.evaluate(self.parameters, self.source_exponents(node.name), *sources)
        return found

    def quantize_input(self, windows: FloatArray) -> IntArray:
        """Normalised windows to integers: what the host does before it sends a window."""
        return self.input_scale.quantize(windows, self.network.input.format)

    def predict(self, windows: WindowArray) -> npt.NDArray[np.float64]:
        """Normalised float ``(batch, window, features)`` to normalised forecasts ``(batch, outputs)``."""
        out = self.network.output
        parts = (windows[start : start + self._chunk] for start in range(0, len(windows), self._chunk))
        sums = [self.forward(self.quantize_input(part)) for part in parts]
        whole = np.concatenate([np.empty((0, out.columns), np.int64), *sums]).astype(np.float64)
        return whole * 2.0 ** self.exponents[out.name]

    @property
    def _chunk(self) -> int:
        return max(1, min(_CHUNK, _CHUNK_ROWS // int(self.network.sees)))

    def to_json(self) -> str:
        """The whole model as canonical JSON, with its digest."""
        body = {
            "design": self.network.design.as_dict(),
            "exponents": dict(self.parameters.exponents),
            "linear": {
                name: {"weights": own.weights.tolist(), "bias": own.bias.tolist(), "exponent": own.exponent}
                for name, own in self.parameters.linear.items()
            },
        }
        if self.parameters.biases:
            body["biases"] = {name: own.tolist() for name, own in self.parameters.biases.items()}
        if self.parameters.input_scale is not None:
            body["input"] = self.parameters.input_scale.to_json()
        return json.dumps({"digest": _digest(body), "model": body}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, place: str) -> IntegerModel:
        """Read :meth:`to_json`'s text; ``place`` begins the message of an error.

        Raises:
            UserError: the text is no integer model, or was changed after it was written.
        """
        try:
            data = json.loads(text)
            body, digest = data["model"], data["digest"]
            intact = bool(_digest(body) == digest)
            if not intact:
                raise UserError(place, "the content does not match its digest", "export the trial again")
            return cls(
                build_network(DesignPoint.from_json(json.dumps(body["design"]), place)),
                Parameters(
                    linear={name: _linear_parameters(own) for name, own in body["linear"].items()},
                    exponents={name: int(value) for name, value in body["exponents"].items()},
                    input_scale=InputScale.from_json(body["input"]) if "input" in body else None,
                    biases={n: np.asarray(own, np.int64) for n, own in body.get("biases", {}).items()},
                ),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise UserError(place, f"no integer model ({error})", "export the trial again") from error

    def save(self, path: Path) -> None:
        """Write :meth:`to_json` to a file."""
        path.write_text(self.to_json())

    @classmethod
    def load(cls, path: Path) -> IntegerModel:
        """Read a file that :meth:`save` wrote.

        Raises:
            UserError: the file is absent, unreadable or no integer model.
        """
        try:
            text = path.read_text()
        except OSError as error:
            raise UserError(
                str(path), f"cannot be read ({error.strerror})", "name an exported folder"
            ) from error
        except UnicodeDecodeError as error:
            raise UserError(str(path), "is no text", "name an exported folder") from error
        return cls.from_json(text, str(path))


def _linear_parameters(own: Mapping[str, Any]) -> LinearParameters:
    return LinearParameters(
        np.asarray(own["weights"], np.int64), np.asarray(own["bias"], np.int64), int(own["exponent"])
    )


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
