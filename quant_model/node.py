"""What all nodes of a graph share: the protocol of a kind.

A kind is a frozen dataclass that inherits :class:`Kind`'s defaults and answers :class:`Node`'s questions. The
same node serves one design (its numbers are ints) and many (they are arrays): formulas use
:mod:`quant_model.arithmetic`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import numpy as np

from quant_model.arithmetic import Number
from quant_model.engine import Choice, Engine, MemoryType
from quant_model.formats import Format, IntArray
from quant_model.input_scale import InputScale
from quant_model.raster import Raster

if TYPE_CHECKING:
    from quant_model.random_model import Draw

EdgeType = Literal["stream", "store", "ring", "lines", "wait", "direct", "loop"]
"""How rows pass from node to node.

``stream``: a few rows queue in a buffer. ``store``: all rows of a window, random access; who reads them
starts when all lie there. ``ring``: the last rows, kept from inference to inference, random access; who reads
them starts when the newest lies there. ``lines``: an image's last lines, random access; who reads them starts
on a line when the next one lies there. ``wait``: rows wait for a branch of the same length. ``direct``:
elements are taken as they come. ``loop``: the rows of a repeated part come in again.
"""


@dataclass(frozen=True)
class Edge:
    """Rows that a node reads."""

    source: str
    """The node, or the graph's input, that they come from."""
    type: EdgeType
    last_of: Number | None = None
    """Of each window's rows, which are so many, only the last is taken; None for all."""
    joins: Number | None = None
    """A window's rows, which are so many, are taken as one; None: one by one."""

    @property
    def reduces(self) -> bool:
        """Whether who reads the rows makes one of a window's: of the last, or of all."""
        return self.last_of is not None or self.joins is not None

    @property
    def stored(self) -> bool:
        """Whether who reads the rows waits until all that an inference brings lie in a store."""
        return self.type in ("store", "ring")


@dataclass(frozen=True)
class Work:
    """What an engine with lanes does for a row, in clocks and products."""

    inner: Number
    """Products per output."""
    outputs: Number
    """Outputs per row."""
    factors: tuple[Number, Number]
    """Bits of a lane's two factors: the broadcast one and the lane's own."""
    before: int
    """Clocks from the row buffer's data to the lanes."""
    after: Number
    """Clocks from an output's full sum to the output."""


@dataclass(frozen=True, eq=False)
class LinearParameters:
    """The trained integers of one node with weights."""

    weights: IntArray
    """``(out_features, in_features)``, within the weight format."""
    bias: IntArray
    """``(bias_rows, out_features)``, in units of the accumulator."""
    exponent: int
    """A weight's real value is ``weight * 2**exponent``."""


@dataclass(frozen=True)
class Parameters:
    """Everything that training adds to a network."""

    linear: Mapping[str, LinearParameters]
    """By node with weights."""
    exponents: Mapping[str, int]
    """By tensor with a trained scale: ``input`` and every node that requantises to a format of its own."""
    input_scale: InputScale | None = None
    """What the host's integers stand for; None: steps of ``2**exponents["input"]`` from zero.

    With one, the exponent of ``input`` is a mere convention, to which the first layer's weights and biases
    refer.
    """
    biases: Mapping[str, IntArray] = field(default_factory=dict)
    """By node that adds biases of its own to sums of other nodes' products, in units of the accumulator."""


class Node(Protocol):
    """One engine of the network: it turns rows into rows.

    A row is what belongs to one token; a node's tensor has ``rows`` rows of ``columns`` integers.
    """

    kind: ClassVar[str]
    """What kind of engine it is: by this name each package keeps what it knows of the kind."""
    offers: ClassVar[tuple[Choice, ...]]
    """What a design point chooses for such an engine, besides its buffer."""
    memories: ClassVar[tuple[MemoryType, ...]]
    """The types that its memory may have; empty without one."""
    store: ClassVar[bool]
    """Whether that memory holds rows of other nodes; else it holds weights."""
    reduces: ClassVar[bool]
    """Whether it makes one row of a window's."""
    in_order: ClassVar[bool]
    """Whether it reads a row that queues from its first element to its last, one a clock at most."""
    delay: ClassVar[int]
    """Clocks that a row takes through an engine without lanes."""
    release: ClassVar[int]
    """Clocks from the last step of an engine that reads a store until the store's place is given back."""

    @property
    def name(self) -> str:
        """The engine's name, the same in design point, cost model and VHDL."""

    @property
    def engine(self) -> Engine:
        """How it is built."""

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """The rows that it reads."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the nodes (or the input) that its first pass reads: those of all edges but loops."""

    @property
    def output(self) -> Format:
        """Format of the produced integers."""

    @property
    def rows(self) -> Number:
        """Rows produced per inference (and pass)."""

    @property
    def columns(self) -> Number:
        """Integers per produced row."""

    @property
    def rows_read(self) -> Number:
        """Rows worked on per inference (and pass)."""

    @property
    def rows_before(self) -> Number:
        """Earlier rows of its sources, kept since earlier inferences, that each of its rows depends on."""

    def rows_made(self, read: Number) -> Number:
        """Rows produced when so many come in at once."""

    @property
    def macs(self) -> Number:
        """Multiply-accumulates per inference (and pass)."""

    @property
    def lane_limit(self) -> Number:
        """The number that the engine's lanes must divide."""

    @property
    def work(self) -> Work | None:
        """What its lanes do; None without lanes."""

    @property
    def row_clocks(self) -> Number | None:
        """Clocks per row of an engine that has a pace of its own, but no lanes; None for any other."""

    @property
    def raster(self) -> Raster | None:
        """Of the rows that it keeps by lines; None where it keeps none so."""

    @property
    def fixed_factor(self) -> Number:
        """Whether every product has a constant factor, so that it is no use for a DSP slice."""

    @property
    def unsigned_factor(self) -> Number:
        """Whether the broadcast factor is unsigned, which takes a bit more of a DSP slice."""

    @property
    def bias_shape(self) -> tuple[Number, Number] | None:
        """Rows and columns of the biases that it adds to sums of products; None when it adds none."""

    @property
    def bias_bound(self) -> Number:
        """The largest absolute bias, in units of the accumulator."""

    @property
    def loop_passes(self) -> int:
        """Times that the part between this node and its loop edge's source is computed."""

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The output's exponent, given those of the sources."""

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """The golden arithmetic: int64 ``(batch, rows, columns)`` in and out."""

    def words(self, parameters: Parameters) -> Number:
        """Words that its memories hold from the start: weights, biases, table entries."""

    def evaluate_faulty(
        self, parameters: Parameters, exponents: tuple[int, ...], words: IntArray, *sources: IntArray
    ) -> IntArray:
        """As :meth:`evaluate`, with a fault in each item of the batch.

        Args:
            parameters: Without faults.
            exponents: Of the sources.
            words: By item the word whose highest bit is turned round, int64 ``(batch,)``.
            sources: As there.
        """

    def check(self, parameters: Parameters, exponents: Mapping[str, int]) -> None:
        """Refuse integers that the hardware does not provide for.

        Args:
            parameters: the trained integers.
            exponents: of every tensor.

        Raises:
            ValueError: a shape, weight, bias or shift is out of bounds.
        """

    def draw(self, draw: Draw) -> None:
        """Draw random integers for the node: see :mod:`quant_model.random_model`."""


class Kind:
    """What most kinds answer."""

    offers: ClassVar[tuple[Choice, ...]] = ()
    memories: ClassVar[tuple[MemoryType, ...]] = ()
    store: ClassVar[bool] = False
    reduces: ClassVar[bool] = False
    in_order: ClassVar[bool] = False
    delay: ClassVar[int] = 0
    release: ClassVar[int] = 0

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """Every kind has its own."""
        raise NotImplementedError

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the nodes (or the input) that its first pass reads."""
        return tuple(edge.source for edge in self.inputs if edge.type != "loop")

    @property
    def rows_read(self) -> Number:
        """As many as are produced."""
        return getattr(self, "rows")  # noqa: B009 - a field or property of the kind

    @property
    def rows_before(self) -> Number:
        """It keeps nothing."""
        return 0

    def rows_made(self, read: Number) -> Number:
        """All but those that lack earlier ones."""
        return read - self.rows_before

    @property
    def macs(self) -> Number:
        """It multiplies nothing."""
        return 0

    @property
    def lane_limit(self) -> Number:
        """One lane."""
        return 1

    @property
    def work(self) -> Work | None:
        """It has no lanes."""
        return None

    @property
    def row_clocks(self) -> Number | None:
        """It passes elements on as they come, or its lanes say."""
        return None

    @property
    def raster(self) -> Raster | None:
        """It keeps no lines."""
        return None

    @property
    def fixed_factor(self) -> Number:
        """No factor is constant."""
        return False

    @property
    def unsigned_factor(self) -> Number:
        """Factors are signed."""
        return False

    @property
    def bias_shape(self) -> tuple[Number, Number] | None:
        """It adds no biases."""
        return None

    @property
    def bias_bound(self) -> Number:
        """It adds no biases."""
        return 0

    @property
    def loop_passes(self) -> int:
        """It repeats nothing."""
        return 1

    def words(self, parameters: Parameters) -> Number:
        """It has no such memory."""
        return 0

    def evaluate_faulty(
        self, parameters: Parameters, exponents: tuple[int, ...], words: IntArray, *sources: IntArray
    ) -> IntArray:
        """A kind with words has its own."""
        raise NotImplementedError

    def check(self, parameters: Parameters, exponents: Mapping[str, int]) -> None:
        """It has nothing of its own."""

    def draw(self, draw: Draw) -> None:
        """It has nothing of its own."""


def paced(node: Node) -> bool:
    """Whether a node is an engine that takes rows at a pace of its own."""
    return node.work is not None or node.row_clocks is not None


def check_shift(name: str, output: Format, shift: int, limit: int) -> None:
    """Refuse a rescaling shift that is out of bounds.

    Raises:
        ValueError: it is.
    """
    # Shifted further to the left, every value but zero would saturate.
    if not -output.bits <= shift <= limit:
        raise ValueError(f"{name}: a shift of {shift} lies outside {-output.bits}..{limit}")


def exact_matmul(left: IntArray, right: IntArray) -> IntArray:
    """Integer matrix product through float64, exact while every partial sum stays under 2**53.

    numpy multiplies int64 matrices without BLAS, some fifty times slower. The widest accumulator of the
    space needs 31 bits, far from the limit.
    """
    return np.rint(left.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)
