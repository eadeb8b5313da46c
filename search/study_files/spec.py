"""Study files: what is searched, on which data, for which device, with which settings.

A :class:`StudySpec` is read from TOML by :func:`search.study_files.parser.load_spec`. Its JSON form is kept
in the study itself, so that a worker on another machine rebuilds it without the file.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from cost_model.allocation import LaneObjective
from quant_model.data import DEFAULT_QUANTILE, DEFAULT_SPLIT, TASKS
from quant_model.data.outcomes import is_outcome
from quant_model.data.outputs import OUTPUTS
from quant_model.engine import BufferType, Multiplier
from quant_model.families import FAMILIES, Shape
from quant_model.families.encoder import Readout
from quant_model.families.hybrid import PoolingName
from quant_model.training.settings import TrainingSettings
from search.study_files.image_keys import ImageSpec
from search.study_files.reading_keys import MOST_CLASSES, Label, ReadingKeys
from search.study_files.spec_errors import user_error

__all__ = [
    "STUDY_NAME",
    "Choice",
    "Constraints",
    "DataSpec",
    "DeviceSpec",
    "ImageSpec",
    "ImageStudy",
    "SeriesStudy",
    "Space",
    "StudySection",
    "StudySpec",
    "TensorChoice",
    "is_choice_validator",
    "is_study_name",
    "rows_seen",
    "spec_from_json",
    "study_model",
    "widest_shapes",
]

Value = TypeVar("Value")


def _as_tuple(value: Any) -> Any:
    """Bring the three ways to write a choice (one value, a list, a range) to a tuple."""
    if isinstance(value, Mapping):
        unknown = sorted(set(value) - {"min", "max", "step"})
        if unknown or not {"min", "max"} <= set(value):
            raise ValueError("a range is written {min = 2, max = 8}, with step if it is not 1")
        low, high, step = value["min"], value["max"], value.get("step", 1)
        if not all(isinstance(number, int) and not isinstance(number, bool) for number in (low, high, step)):
            raise ValueError("min, max and step of a range are whole numbers")
        if step < 1 or high < low:
            raise ValueError(f"the range {low}..{high} in steps of {step} is empty")
        return tuple(range(low, high + 1, step))
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("the list is empty")
        if any(value.count(item) > 1 for item in value):
            raise ValueError("a value stands in the list twice")
        return tuple(value)
    return (value,)


def is_choice_validator(function: object) -> bool:
    """Whether a validator is the one that makes a key a :data:`Choice`."""
    return function is _as_tuple


Choice = Annotated[tuple[Value, ...], BeforeValidator(_as_tuple)]
"""The values that the search may choose from; one value is a constant."""

_WeightBits = Annotated[int, Field(ge=2, le=8, strict=True)]
_ActivationBits = Annotated[int, Field(ge=2, le=8, strict=True)]
_StreamBits = Annotated[int, Field(ge=2, le=16, strict=True)]
_MOST_LANES = 512
"""The widest layer of the space: d_model 128 with four times as wide a feed-forward part."""
_Windows = Annotated[int, Field(ge=1, le=2, strict=True)]
_Lanes = Annotated[int, Field(ge=1, le=_MOST_LANES, strict=True)]


def _lanes_or_auto(value: Any) -> Any:
    if value == "auto" or (type(value) is int and 1 <= value <= _MOST_LANES):
        return value
    # A union of types would complain once for each of them.
    raise PydanticCustomError("lanes", "input should be a whole number or auto")


_LanesOrAuto = Annotated[Any, BeforeValidator(_lanes_or_auto)]
_ONLY_FOR = {"classes": "classify", "anomaly_label": "anomaly", "anomaly_quantile": "anomaly"}
"""Keys of ``[data]`` that mean something for one task only."""
_WeightMemory = Literal["auto", "logic", "block"]
_StoreMemory = Literal["auto", "distributed", "block"]
STUDY_NAME = "letters, digits, '_', '.' and '-', at most 100"
"""What a study's name is made of."""
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
_Name = Annotated[str, Field(pattern=_NAME)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Objective = Literal[
    "error",
    "utilization",
    "latency",
    "interval",
    "energy",
    "lut",
    "lutram",
    "ff",
    "bram18",
    "dsp",
    "slice",
    "lc",
    "lut4",
    "ebr",
]
"""Those that no study's data name; :mod:`quant_model.data.outcomes` has the others."""
FamilyName = Literal["encoder", "stream", "hybrid"]
SamplerName = Literal["surrogate", "tpe", "nsga2", "gp", "random"]
_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
"""A sampler of somebody else's, by module and class."""


def _sampler(name: str) -> str:
    if name not in get_args(SamplerName) and _CLASS.fullmatch(name) is None:
        raise PydanticCustomError("sampler", "neither one of ours nor module:Class")
    return name


def _objective(name: str) -> str:
    if name not in get_args(Objective) and not is_outcome(name):
        raise PydanticCustomError("objective", "no objective is called so")
    return name


_OBJECTIVES = f"a list of {', '.join(get_args(Objective))}, error:PART, misses"


class StudySection(_Model):
    """``[study]``: the search itself."""

    name: _Name = Field(description=STUDY_NAME)
    """The study's name in its storage, which can hold many."""
    seed: int = Field(0, ge=0, le=2**31 - 1, strict=True, description="a whole number 0..2147483647")
    """Same seed, same file, one worker: the same trials."""
    trials: int = Field(30, ge=1, le=1_000_000, strict=True, description="a whole number of at least 1")
    """Different designs to train in all; those that do not fit the device are not counted. A space that has
    no more ends the study before."""
    hours: float = Field(0.0, ge=0.0, description="hours, or 0 for no limit")
    """After so many hours from the study's making, workers begin no trial. 0: no limit."""
    objectives: tuple[Annotated[str, AfterValidator(_objective)], ...] = Field(
        ("error", "utilization"), min_length=1, description=_OBJECTIVES
    )
    """All are made small. error: the golden model's on validation, by the task's metric; error:PART, misses:
    see :mod:`quant_model.data.outcomes`."""
    sampler: Annotated[str, AfterValidator(_sampler)] = Field(
        "surrogate",
        description=f"{', '.join(get_args(SamplerName))}, or module:Class, a sampler that is installed",
    )
    """How designs are proposed: :mod:`search.sampling.samplers`."""
    sampler_arguments: dict[str, JsonValue] = Field(
        default_factory=dict, description="a table of the keyword arguments of a sampler module:Class"
    )
    """The class's own; seed, where it takes one, follows from the study's seed and the trial's number."""

    @property
    def trained(self) -> tuple[str, ...]:
        """The objectives that only training tells."""
        return tuple(name for name in self.objectives if is_outcome(name))

    @model_validator(mode="after")
    def _no_objective_twice(self) -> StudySection:
        if len(set(self.objectives)) != len(self.objectives):
            raise ValueError("an objective is named twice")
        return self

    @model_validator(mode="after")
    def _arguments_for_a_class(self) -> StudySection:
        if self.sampler_arguments and ":" not in self.sampler:
            raise ValueError("sampler_arguments are for a sampler module:Class alone")
        return self


class DataSpec(ReadingKeys):
    """``[data]``: the series and what is forecast or told."""

    features: tuple[str, ...] = Field(min_length=1, description="a list of column names")
    """Columns that the model sees, at most 32. A target may be one of them."""
    targets: tuple[str, ...] = Field(min_length=1, description="a list of column names")
    """Columns that it forecasts; targets times steps ahead: at most 16."""
    task: Literal["forecast", "classify", "anomaly"] = Field(
        "forecast", description="forecast, classify or anomaly"
    )
    """What the outputs are for: see :mod:`quant_model.data.tasks`."""
    classes: tuple[Label, ...] = Field(
        (), max_length=MOST_CLASSES, description="a list of 2 to 16 labels, for task classify"
    )
    """All labels that the target column holds, in the order of the outputs."""
    anomaly_label: str | None = Field(
        None, min_length=1, description="the name of a column of 0 and 1, for task anomaly"
    )
    """Marks known anomalies; read for reports on the test windows only."""
    anomaly_quantile: float = Field(
        DEFAULT_QUANTILE, gt=0.5, lt=1, description="a share above 0.5 and below 1, for task anomaly"
    )
    """Share of the validation windows that raise no alarm."""
    unit: str = Field("", description="the target's unit, a text")
    """The target's unit, for people."""
    horizon: Choice[Annotated[int, Field(ge=1, strict=True)]] = Field(
        (1,), description="steps ahead: one number of at least 1, or a rising list for several at once"
    )
    """Steps ahead; a list forecasts several at once."""
    season: int | None = Field(None, ge=1, strict=True, description="steps in a season, at least 1")
    """Steps in a season, for comparison with the forecast "as a season ago", and for output."""
    output: Literal[*OUTPUTS, "auto"] = Field(  # type: ignore[valid-type]
        "value", description="value, change, seasonal or auto"
    )
    """What the network's outputs are: the target itself, its change from the window's newest value, or its
    change from the value a season before; the host adds that value. auto: what the training data speak for,
    decided when the study is made. The error is that of the forecast, whatever the outputs are."""
    split: tuple[float, float, float] = Field(
        DEFAULT_SPLIT, description="three shares for train, validation, test that add up to 1"
    )
    """Shares of the rows for training, validation and test, in that order in time; with group of the
    windows."""

    @model_validator(mode="after")
    def _usable(self) -> DataSpec:
        if min(self.split) <= 0 or abs(sum(self.split) - 1) > 1e-6:
            raise ValueError("split must be three positive shares that add up to 1")
        if list(self.horizon) != sorted(self.horizon):
            raise ValueError("horizon must rise")
        for column in (*self.features, *self.targets):
            if column in self.time:
                raise ValueError(f"the time column {column} is also named as a feature or target")
        for names in (self.features, self.targets):
            if len(set(names)) != len(names):
                raise ValueError("a column is named twice")
        for key, task in _ONLY_FOR.items():
            if self.task != task and getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"{key} is for task {task}, not {self.task}")
        if self.anomaly_label in (*self.time, *self.features, *self.targets):
            raise ValueError("anomaly_label must be a column of its own, neither time, feature nor target")
        if set(self.group or ()) & {*self.time, *self.features, *self.targets, self.anomaly_label}:
            raise ValueError("group must name columns of their own, neither time, feature, target nor label")
        if self.group is not None and self.pivot is not None:
            raise ValueError("group and pivot exclude each other: a row of a group holds all its sensors")
        self._check_output()
        if self.task == "classify":
            self._check_classes()
        return self

    def _check_output(self) -> None:
        if self.output == "seasonal" and self.season is None:
            raise ValueError('output = "seasonal" needs season, the steps in one')
        if self.output in ("change", "seasonal") and not set(self.targets) <= set(self.features):
            raise ValueError(
                f'output = "{self.output}" needs the targets among the features: one of their values is added'
            )

    def _check_classes(self) -> None:
        if len(set(self.classes)) < max(2, len(self.classes)):
            raise ValueError("classes must name the labels of the target, at least two, each once")
        if len(self.targets) != 1 or self.targets[0] in self.features:
            raise ValueError("targets must be one column for task classify, the label's, and no feature")
        if self.output != "value":
            raise ValueError("output is not for task classify: there is one for each class")
        if self.horizon != (1,) or self.season is not None:
            key = "season" if self.season is not None else "horizon"
            raise ValueError(f"{key} is not for task classify: the label is that of the window's last row")

    @property
    def metric(self) -> str:
        """The error's name with its unit, for people."""
        return TASKS[self.task].metric_in(self.unit or "unit of the target")


class DeviceSpec(_Model):
    """``[device]``: the chip and how much of it may be used."""

    name: str = Field(min_length=1, description="a device of the cost model, for example xc7s15")
    """The FPGA; `bitfront estimate` names the nearest one that is known."""
    part: str | None = Field(
        None, min_length=1, description="a part as Vivado names it, for example xc7s15ftgb196-2"
    )
    """Package and speed grade, for the scripts of exported folders; left out: the device's first package in
    its slowest grade."""
    limit: float | None = Field(
        None, gt=0, le=1, description="a share of the device, above 0 and up to 1; 1 for all of it"
    )
    """Share of the device that a design may take: 0.8 leaves room for what else is on the chip. Left out:
    what can be placed and routed as a rule: 90 % of LUTs, slices and logic cells, all of the rest."""
    clock_mhz: float = Field(100.0, gt=0, le=1000, description="MHz, above 0 and up to 1000")
    """For latency and energy; whether the design runs at this clock is for place and route to say."""
    period: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="seconds between two rows or pictures, above 0"
    )
    """Seconds from one row, or picture, to the next. The energy of a forecast, as objective and limit too, is
    then all that the chip takes until the next one, in the cheaper of two regimes: it stays configured, or it
    is powered off and configured again. A design must be done when the next one comes."""


_Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1, strict=True)]


class Constraints(_Model):
    """``[constraints]``: the most that a design may need, besides the device's budget."""

    latency_us: _Above0 | None = Field(default=None, description="microseconds, above 0")
    """From the first input to the last output of a window."""
    interval_us: _Above0 | None = Field(default=None, description="microseconds, above 0")
    """Between the starts of two windows that follow each other without a pause."""
    energy_uj: _Above0 | None = Field(default=None, description="microjoules per inference, above 0")
    """By the cost model's estimate."""
    lut: _Count | None = Field(default=None, description="a whole number of at least 1")
    """LUTs used as logic."""
    lutram: _Count | None = Field(default=None, description="a whole number of at least 1")
    """LUTs used as memory."""
    ff: _Count | None = Field(default=None, description="a whole number of at least 1")
    """Flip-flops."""
    bram18: _Count | None = Field(
        default=None,
        description="a whole number of at least 1; for none choose buffers and memories under [space]",
    )
    """Block RAMs of 18 Kb."""
    dsp: _Count | None = Field(
        default=None,
        description='a whole number of at least 1; for none choose multiplier = "lut" under [space]',
    )
    """DSP slices."""
    slice: _Count | None = Field(default=None, description="a whole number of at least 1")
    """Slices, by the fewest that can hold the design's LUTs, carry chains and flip-flops."""
    lc: _Count | None = Field(default=None, description="a whole number of at least 1")
    """Logic cells of an iCE40, as they are packed."""
    lut4: _Count | None = Field(default=None, description="a whole number of at least 1")
    """LUTs of an ECP5 used as logic or carry."""
    ebr: _Count | None = Field(default=None, description="a whole number of at least 1")
    """Block RAMs of an iCE40 (4 kbit) or ECP5 (18 kbit)."""

    @property
    def given(self) -> dict[str, float]:
        """The limits that the study file sets, by key."""
        return {name: value for name, value in self if value is not None}


class TensorChoice(_Model):
    """``[space.tensors."layer0.query"]``: other choices for one engine or tensor."""

    weight_bits: Choice[_WeightBits] | None = Field(None, description="whole numbers 2..8")
    activation_bits: Choice[_StreamBits] | None = Field(None, description="whole numbers 2..8")
    lanes: Choice[_Lanes] | None = Field(None, description="whole numbers 1..512")
    multiplier: Choice[Multiplier] | None = Field(None, description="auto, dsp, lut")
    buffer: Choice[BufferType] | None = Field(None, description="auto, distributed, block")
    memory: Choice[Literal["auto", "logic", "distributed", "block"]] | None = Field(
        None, description="auto, logic, block (weights) or auto, distributed, block (keys and values)"
    )
    """As weight_memory or attention_memory, for this engine."""
    windows: Choice[_Windows] | None = Field(None, description="1, 2 or both")
    """As attention_windows, for this engine."""


class Space(_Model):
    """``[space]``: what the search chooses from. Each key takes one value, a list, or {min, max}."""

    window: Choice[Annotated[int, Field(ge=2, le=256, strict=True)]] | None = Field(
        None, description="whole numbers 2..256"
    )
    """Rows of the series that a layer of the model sees at once. Must be given for a series, and only there:
    of pictures all pixels are seen."""
    family: Choice[FamilyName] = Field(("encoder",), description=f"{', '.join(FAMILIES)}, or several")
    """encoder: each forecast computes a whole window. stream: each new row makes a forecast; earlier rows'
    keys and values stay on the chip. hybrid: convolutions and attention over a window's rows or a picture's
    pixels, each applied several times with the same weights."""
    d_model: Choice[Annotated[int, Field(ge=4, le=128, strict=True)]] = Field(
        (8, 16), description="whole numbers 4..128"
    )
    """Width of the encoder."""
    heads: Choice[Annotated[int, Field(ge=1, le=8, strict=True)]] = Field(
        (1,), description="whole numbers 1..8"
    )
    """Snapped down to a number that divides d_model, or a hybrid's channels where attention is."""
    ffn_ratio: Choice[Annotated[int, Field(ge=1, le=8, strict=True)]] = Field(
        (2, 4), description="whole numbers 1..8"
    )
    """Width of the feed-forward part over d_model."""
    layers: Choice[Annotated[int, Field(ge=1, le=4, strict=True)]] = Field(
        (1,), description="whole numbers 1..4"
    )
    """Encoder layers, one after the other."""
    repeats: Choice[Annotated[int, Field(ge=1, le=8, strict=True)]] = Field(
        (1,), description="whole numbers 1..8"
    )
    """Times that each encoder layer is applied with the same weights and engines."""
    readout: Choice[Readout] = Field(("mean",), description="mean, last or both")
    """What an encoder's forecast is read from. mean: all rows. last: the newest row, which then alone asks in
    the last layer; with one layer a quarter of the time and energy. A stream is always read from the newest
    row."""
    stem: Choice[Annotated[int, Field(ge=4, le=128, strict=True)]] = Field(
        (8, 16), description="whole numbers 4..128"
    )
    """Hybrid: channels of the first convolution and the first block."""
    stem_stride: Choice[Annotated[int, Field(ge=1, le=2, strict=True)]] = Field(
        (1,), description="1, 2 or both"
    )
    """Hybrid: with 2 the first block has half the lines and columns of the picture, or half the rows."""
    stages: Choice[Annotated[int, Field(ge=1, le=4, strict=True)]] = Field(
        (2,), description="whole numbers 1..4"
    )
    """Hybrid: blocks of convolutions; each has half the lines and columns of the one before."""
    growth: Choice[Annotated[int, Field(ge=1, le=4, strict=True)]] = Field(
        (2,), description="whole numbers 1..4"
    )
    """Hybrid: channels of a block over those of the one before."""
    steps: Choice[Annotated[int, Field(ge=1, le=16, strict=True)]] = Field(
        (4,), description="whole numbers 1..16"
    )
    """Hybrid: times that each block is applied with the same weights and engines: steps of Euler's method."""
    attention_steps: Choice[Annotated[int, Field(ge=0, le=16, strict=True)]] = Field(
        (2,), description="whole numbers 0..16"
    )
    """Hybrid: times that attention is applied to the last block's pixels; 0: there is none."""
    pooling: Choice[PoolingName] = Field(("mean",), description="mean, none or both")
    """Hybrid: what the head reads. mean: the mean of the last block's pixels. none: each of them, with
    weights of its own."""
    weight_bits: Choice[_WeightBits] = Field((2, 3, 4, 5, 6, 7, 8), description="whole numbers 2..8")
    """Bits of every weight."""
    activation_bits: Choice[_ActivationBits] = Field((2, 3, 4, 5, 6, 7, 8), description="whole numbers 2..8")
    """Bits of every tensor between engines."""
    input_bits: Choice[_ActivationBits] | None = Field(None, description="whole numbers 2..8")
    """Bits of the input; as activation_bits when left out."""
    residual_bits: Choice[_StreamBits] | None = Field(None, description="whole numbers 2..16")
    """Bits of the residual stream; as activation_bits when left out."""
    lanes: Choice[_LanesOrAuto] = Field((1,), description="whole numbers 1..512, or auto")
    """Parallel multiply-accumulates; snapped down to what divides. auto: as quick as the budget allows."""
    multiplier: Choice[Multiplier] = Field(("auto",), description="auto, dsp, lut")
    """Where products are made: DSP slices or LUTs. auto leaves it to the cost model."""
    buffer: Choice[BufferType] = Field(("auto",), description="auto, distributed, block")
    """RAM between two engines: LUTs or block RAM."""
    weight_memory: Choice[_WeightMemory] = Field(("auto",), description="auto, logic, block")
    """Where weights lie: LUTs or block RAM."""
    attention_memory: Choice[_StoreMemory] = Field(("auto",), description="auto, distributed, block")
    """Where keys and values wait: LUTs or block RAM."""
    attention_windows: Choice[_Windows] = Field((1,), description="1, 2 or both")
    """Windows that stores of keys and values hold; with 2 back-to-back windows overlap."""
    lanes_for: LaneObjective = Field("latency", description="latency or interval")
    """What ``lanes = "auto"`` makes small; for the interval it chooses ``attention_windows`` too."""
    features: Choice[Annotated[int, Field(ge=1, le=32, strict=True)]] | None = Field(
        None, description="whole numbers 1..32"
    )
    """Only for drawing designs: inputs of the network, whatever ``[data]`` says."""
    outputs: Choice[Annotated[int, Field(ge=1, le=16, strict=True)]] | None = Field(
        None, description="whole numbers 1..16"
    )
    """Only for drawing designs: outputs of the network, whatever ``[data]`` says."""
    granularity: Literal["tensor", "uniform"] = Field("tensor", description="tensor or uniform")
    """tensor: each tensor and engine chooses for itself. uniform: one choice for all."""
    tensors: dict[str, TensorChoice] = Field(
        default_factory=dict, description="tables named after an engine or tensor"
    )
    """Other choices for one engine or tensor alone; names as in `bitfront sample`."""

    @field_validator("lanes")
    @classmethod
    def _auto_alone(cls, lanes: tuple[int | str, ...]) -> tuple[int | str, ...]:
        if "auto" in lanes and len(lanes) > 1:
            raise ValueError("auto stands alone: it chooses the lanes itself")
        return lanes

    @property
    def auto_lanes(self) -> bool:
        """Whether the cost model gives each design the lanes that the budget has room for."""
        return self.lanes == ("auto",)


class StudySpec(_Model):
    """A whole study file."""

    study: StudySection
    data: DataSpec | ImageSpec
    device: DeviceSpec
    constraints: Constraints = Constraints()
    space: Space
    training: TrainingSettings = TrainingSettings()

    @property
    def outputs(self) -> int:
        """Outputs of the network: targets times steps ahead, or classes."""
        return len(self.data.classes) or len(self.data.targets) * len(self.data.horizon)

    def shape_values(self, name: str) -> tuple[Any, ...]:
        """Numbers or words that a parameter of a shape may be: the space's, or what the data say."""
        data = self.data
        if name == "height":
            return (data.size[0] if isinstance(data, ImageSpec) else 1,)
        if name == "window" and isinstance(data, ImageSpec):
            return (data.pixels,)
        found: tuple[Any, ...] = getattr(self.space, name)
        return found

    def with_trials(self, trials: int) -> StudySpec:
        """The same study with another number of trials."""
        return self.model_copy(update={"study": self.study.model_copy(update={"trials": trials})})

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :func:`spec_from_json` rebuilds the spec."""
        data: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        return data


class SeriesStudy(StudySpec):
    """A study file whose data is a series."""

    data: DataSpec


class ImageStudy(StudySpec):
    """A study file whose data is pictures."""

    data: ImageSpec


def study_model(data: Mapping[str, Any]) -> type[StudySpec]:
    """The model that checks a study file, so that errors are about the data that it means."""
    own = data.get("data")
    return ImageStudy if isinstance(own, Mapping) and "images" in own else SeriesStudy


def is_study_name(name: object) -> bool:
    """True for what a study may be called."""
    return isinstance(name, str) and re.fullmatch(_NAME, name) is not None


def spec_from_json(data: Mapping[str, Any]) -> StudySpec:
    """Rebuild a spec from :meth:`StudySpec.to_json`.

    Raises:
        UserError: the object was made by another version of this program and no longer fits.
    """
    model = study_model(data)
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise user_error(error, model, "the study's stored definition") from error


def widest_shapes(spec: StudySpec) -> tuple[Shape, ...]:
    """By family, and by what words say, the shape with the most of everything: its graph has all names."""
    return tuple(_shapes(spec, max))


def rows_seen(spec: StudySpec) -> tuple[int, int]:
    """The fewest and the most rows of the series that a forecast of any design depends on."""
    fewest, most = (extreme(int(shape.sees) for shape in _shapes(spec, extreme)) for extreme in (min, max))
    return fewest, most


def _shapes(spec: StudySpec, extreme: Callable[[Iterable[int]], int]) -> Iterator[Shape]:
    space = spec.space
    features = extreme(space.features or (len(spec.data.features),))
    outputs = extreme(space.outputs or (spec.outputs,))
    for name in space.family:
        family = FAMILIES[name]
        words = {key: spec.shape_values(key) for key in family.variants}
        numbers = {
            key: extreme(spec.shape_values(key)) for key in family.parameters if key not in family.variants
        }
        for values in itertools.product(*words.values()):
            choice = numbers | {"heads": 1} | dict(zip(words, values, strict=True))
            yield family.chosen(choice, features, outputs)
