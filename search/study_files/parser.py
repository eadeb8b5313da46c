"""Reading a study file: TOML in, a checked :class:`~search.study_files.spec.StudySpec` out."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from cost_model.devices import device
from cost_model.fabrics import FABRICS
from hdl.target import check_part
from quant_model.data.outcomes import outcome_names
from quant_model.errors import UserError
from quant_model.families import FAMILIES
from quant_model.graph import graph_of
from search.files import read_text
from search.study_files.spec import ImageSpec, Space, StudySpec, TensorChoice, study_model, widest_shapes
from search.study_files.spec_errors import key_place, nearest, syntax_error, user_error
from search.study_files.toml_lines import key_lines

__all__ = ["data_path", "key_in", "load_spec", "parse_spec"]

# The bounds of shapes that follow from several keys together.
_MAX_FEATURES, _MAX_OUTPUTS, _MAX_FFN_WIDTH, _MAX_WINDOW = 32, 16, 512, 256


def load_spec(path: Path) -> StudySpec:
    """Read and check a study file.

    Raises:
        UserError: the file cannot be read, is no TOML, or a key or value in it is wrong. The message names
            file, line and key, what is allowed, and the nearest key for one that does not exist.
    """
    return parse_spec(read_text(path, "the study file"), str(path))


def parse_spec(text: str, place: str) -> StudySpec:
    """Check the text of a study file; ``place`` (its name) begins the message of an error."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise syntax_error(error, text, place) from error
    lines = key_lines(text)
    model = study_model(data)
    try:
        spec = model.model_validate(data)
    except ValidationError as error:
        raise user_error(error, model, place, lines) from error
    _Checker(spec, place, lines).check()
    return spec


def data_path(spec: StudySpec, study_file: Path) -> Path:
    """The data file of a study file: relative paths start at the study file's folder."""
    return study_file.parent / spec.data.file


def key_in(study_file: Path, path: tuple[str, ...]) -> str:
    """Where a key stands, or would stand, in a study file: ``FILE line 12 [device] limit``."""
    return key_place(str(study_file), path, key_lines(read_text(study_file, "the study file")))


class _Checker:
    """What the parts of a spec mean together."""

    def __init__(self, spec: StudySpec, place: str, lines: Mapping[tuple[str, ...], int]) -> None:
        self._spec, self._place, self._lines = spec, place, lines

    def check(self) -> None:
        self._device()
        self._outcomes()
        self._families()
        self._sizes()
        for name, choice in self._spec.space.tensors.items():
            self._tensor(name, choice)

    def _error(self, path: tuple[str, ...], problem: str, remedy: str) -> UserError:
        return UserError(key_place(self._place, path, self._lines), problem, remedy)

    def _device(self) -> None:
        try:
            part = device(self._spec.device.name)
        except UserError as error:
            problem = f"no device {self._spec.device.name!r}"
            raise self._error(("device", "name"), problem, error.remedy) from error
        data = self._spec
        if data.device.part is not None:
            try:
                check_part(data.device.part, part.name)
            except UserError as error:
                raise self._error(("device", "part"), error.problem, error.remedy) from error
        held = part.fabric.resources
        every = {name for fabric in FABRICS.values() for name in fabric.resources}
        for path, names in (
            (("study", "objectives"), data.study.objectives),
            (("constraints",), tuple(data.constraints.given)),
        ):
            for name in names:
                if name in every and name not in held:
                    where = path if len(path) > 1 else (*path, name)
                    known = f"{part.name} has {', '.join(held)}"
                    raise self._error(where, f"{name} is no resource of {part.name}", known)

    def _outcomes(self) -> None:
        data = self._spec.data
        marks = not isinstance(data, ImageSpec) and data.anomaly_label is not None
        known = outcome_names(data.targets, data.horizon, data.classes, marks=marks)
        for name in self._spec.study.trained:
            if name not in known:
                problem = f"these data have no {name}"
                raise self._error(("study", "objectives"), problem, f"known: {', '.join(known)}")

    def _sizes(self) -> None:
        data, space = self._spec.data, self._spec.space
        if len(data.features) > _MAX_FEATURES:
            raise self._error(
                ("data", "features"), f"{len(data.features)} features", f"choose at most {_MAX_FEATURES}"
            )
        if self._spec.outputs > _MAX_OUTPUTS:
            raise self._error(
                ("data", "horizon"),
                f"{len(data.targets)} targets at {len(data.horizon)} steps are {self._spec.outputs} outputs",
                f"keep targets times steps at {_MAX_OUTPUTS} or less",
            )
        width = max(space.d_model) * max(space.ffn_ratio)
        if width > _MAX_FFN_WIDTH:
            raise self._error(
                ("space", "ffn_ratio"),
                f"d_model {max(space.d_model)} times ffn_ratio {max(space.ffn_ratio)} is {width}",
                f"keep the product at {_MAX_FFN_WIDTH} or less",
            )
        if max(space.repeats) > 1 and "last" in space.readout:
            raise self._error(
                ("space", "readout"),
                "the last row's query is computed once, so no layer can be repeated with it",
                'choose readout = "mean", or repeats = 1',
            )
        self._heads()

    def _heads(self) -> None:
        space = self._spec.space
        widths = set(space.d_model) if {*space.family} - {"hybrid"} else set()
        if "hybrid" in space.family:
            widths |= {
                stem * growth ** (stages - 1)
                for stem, growth, stages in itertools.product(space.stem, space.growth, space.stages)
            }
        for heads in space.heads:
            if all(width % heads for width in widths):
                what = "d_model" if "hybrid" not in space.family else "width"
                raise self._error(
                    ("space", "heads"),
                    f"{heads} heads divide no {what} of {', '.join(map(str, sorted(widths)))}",
                    f"choose a number of heads that divides a {what}",
                )

    def _families(self) -> None:
        """What the data and the families ask for, and what no family knows."""
        space, data = self._spec.space, self._spec.data
        if isinstance(data, ImageSpec):
            self._pictures(data)
        elif space.window is None:
            known = Space.model_fields["window"].description
            raise self._error(("space", "window"), "the key is missing", f"add window = ({known})")
        every = dict.fromkeys(name for family in FAMILIES.values() for name in family.parameters)
        for key in (one for one in every if one in space.model_fields_set):
            owners = [name for name, family in FAMILIES.items() if key in family.parameters]
            unused = getattr(space, key) != Space.model_fields[key].default
            if unused and not set(owners) & {*space.family}:
                raise self._error(
                    ("space", key),
                    f"family {', '.join(space.family)} has no {key}",
                    f"leave it out, or choose family = {' or '.join(map(json.dumps, owners))}",
                )
        width = max(space.stem) * max(space.growth) ** (max(space.stages) - 1)
        if "hybrid" in space.family and width > _MAX_FFN_WIDTH:
            raise self._error(
                ("space", "growth"),
                f"the last of {max(space.stages)} stages may have {width} channels",
                f"keep stem times growth for each further stage at {_MAX_FFN_WIDTH} or less",
            )

    def _pictures(self, data: ImageSpec) -> None:
        space, (height, width) = self._spec.space, data.size
        if space.window is not None:
            raise self._error(
                ("space", "window"), "pictures have no window: all pixels are seen", "leave it out"
            )
        if "stream" in space.family:
            raise self._error(
                ("space", "family"), "a stream reads an endless series, no pictures", 'choose "hybrid"'
            )
        if "encoder" in space.family and data.pixels > _MAX_WINDOW:
            raise self._error(
                ("space", "family"),
                f"an encoder attends to each of {height} x {width} pixels, at most {_MAX_WINDOW}",
                'choose "hybrid", or a smaller size with resize = true',
            )

    def _tensor(self, name: str, choice: TensorChoice) -> None:
        graphs = [graph_of(shape) for shape in widest_shapes(self._spec)]
        nodes = {node.name: node for graph in graphs for node in graph.nodes}
        tensors = {name: tensor for graph in graphs for name, tensor in graph.tensors.items()}
        node, tensor = nodes.get(name), tensors.get(name)
        path = ("space", "tensors", name)
        if node is None and tensor is None:
            known = tuple(dict.fromkeys((*nodes, *tensors)))
            raise self._error(path, "no engine or tensor of this name", nearest(name, known))
        allowed: tuple[str, ...] = ("activation_bits",) if tensor else ()
        allowed += ("buffer", *node.offers) if node else ()
        for key in choice.model_fields_set:
            if key not in allowed:
                raise self._error((*path, key), "this key does not apply here", nearest(key, allowed))
        for memory in choice.memory or ():
            if node and memory not in node.memories:
                raise self._error((*path, "memory"), f"{memory!r}", f"allowed: {', '.join(node.memories)}")
        for bits in choice.activation_bits or ():
            if tensor and bits not in tensor.bits:
                span = f"{tensor.bits[0]}..{tensor.bits[-1]}"
                raise self._error((*path, "activation_bits"), f"{bits} bits", f"allowed: {span}")
