"""Rewrites of Yosys's C++ models of our accelerators that make them fast; none changes a result.

A model as Yosys writes it (``write_cxxrtl``) has a struct for each entity that was kept, with ``eval``, which
computes the next value of every register, and ``commit``, which takes them over and says whether one changed.
"""

from __future__ import annotations

import re

__all__ = ["UnknownModelError", "divided", "quickened"]

_TOP = "p_accelerator"
_STRUCT = re.compile(
    r"struct (?P<name>\w+) : public module \{(?P<body>.*?)\n\}; // struct (?P=name)\n", re.DOTALL
)
_CELL = re.compile(r"^\t(?P<entity>p_\w+) cell_\w+ \{interior\(\)\};$", re.MULTILINE)
_INPUT = re.compile(r"/\*input\*/ value<(?P<bits>\d+)> (?P<name>\w+);")
_WRITE = re.compile(r"(?P<write>memory_\w+\.update\(\w+\.index, \((?P<enable>\w+) \? )")
_LAST_CLOCK = "prev_p_clk = p_clk;"
_CLOCK_MEMORY = "\tvalue<1> prev_p_clk;\n"
_COMMIT_BEGINS = "\t\tbool changed = false;\n"
_COMMIT_ENDS = "\t\treturn changed;\n"
_EVAL_BEGINS = "bool {name}::eval(performer *performer) {{\n\tbool converged = true;\n"
_STEPS = 300
"""Lines of a part of a divided function."""
_LONG = (
    ("\t\tbool changed = false;\n", "\t\treturn changed;\n", "\t\tif ("),
    (f"void {_TOP}::reset() {{\n", "}\n", "\tp_"),
    (f"bool {_TOP}::eval(performer *performer) {{\n", "\treturn converged;\n", "\t// cell "),
)
"""The functions of a flat model: what stands in front of their steps and behind, and how a step begins."""


class UnknownModelError(ValueError):
    """The model is not of the form that these rewrites know."""


def quickened(model: str) -> str:
    """The model ``accelerator.cpp`` with all rewrites, faster where few engines work at a time.

    Raises:
        UnknownModelError: another version of Yosys has written it in another form.
    """
    return _resting(_writing_where_enabled(_without_falling_edges(model)))


def divided(model: str) -> str:
    """A flat model with its functions cut into parts, which are compiled one by one.

    The compiler's time grows with the square of a function's length: three minutes for 4,000 LUTs instead of
    half a one. All signals must be members (``write_cxxrtl -O4``).

    Raises:
        UnknownModelError: another version of Yosys has written it in another form.
    """
    for begins, ends, step in _LONG:
        if model.count(begins) != 1:
            raise UnknownModelError(f"{begins.strip()!r} is there {model.count(begins)} times, not once")
        head, rest = model.split(begins)
        body, tail = rest.split(f"\n{ends}", 1)
        model = head + begins + _in_parts(f"{body}\n", step) + ends + tail
    return model


def _in_parts(body: str, step: str) -> str:
    parts: list[list[str]] = [[]]
    for line in body.splitlines(keepends=True):
        if len(parts[-1]) >= _STEPS and line.startswith(step):
            parts.append([])
        parts[-1].append(line)
    first, *others = ["".join(part) for part in parts]
    return first + "".join(f"\t[&]() __attribute__((noinline)) {{\n{part}\t}}();\n" for part in others)


def _without_falling_edges(model: str) -> str:
    """Take every commit for a rising edge: one evaluation a clock instead of two.

    The model compares the clock with its value at the last commit; that is left at zero.
    """
    if _LAST_CLOCK not in model:
        raise UnknownModelError("it does not keep the last clock")
    return model.replace(_LAST_CLOCK, "")


def _writing_where_enabled(model: str) -> str:
    """Queue no write whose mask is zero."""
    return _WRITE.sub(r"if (\g<enable>) \g<write>", model)


def _resting(model: str) -> str:
    """Let an entity rest while it would only repeat itself.

    What an entity does in a clock follows from its registers and its inputs. When the last clock changed none
    of its registers and its inputs are still the same, this clock changes none either: evaluation and commit
    are left out. In most clocks most engines wait for a row, and the comparison is one for all their lanes.
    """
    structs = {found["name"]: found["body"] for found in _STRUCT.finditer(model)}
    if _TOP not in structs:
        raise UnknownModelError("it has no top entity")
    # Entities inside these rest with them.
    entities = {found["entity"] for found in _CELL.finditer(structs[_TOP])}

    def rewritten(found: re.Match[str]) -> str:
        return _with_rest(found[0]) if found["name"] in entities else found[0]

    model = _STRUCT.sub(rewritten, model)
    for name in sorted(entities):
        begins = _EVAL_BEGINS.format(name=name)
        model = _replaced(model, begins, f"{begins}\tif (rests()) return true;\n")
    return model


def _with_rest(struct: str) -> str:
    inputs = [(found["bits"], found["name"]) for found in _INPUT.finditer(struct) if found["name"] != "p_clk"]
    members = "".join(f"\tvalue<{bits}> last_{name};\n" for bits, name in inputs)
    same = " && ".join(["resting", *(f"last_{name} == {name}" for _, name in inputs)])
    keep = "".join(f"\t\tlast_{name} = {name};\n" for _, name in inputs)
    memory = f"""\
{members}	bool resting = false;
	bool rests() {{
		if ({same}) return true;
		resting = false;
{keep}		return false;
	}}
"""
    struct = _replaced(struct, _CLOCK_MEMORY, _CLOCK_MEMORY + memory)
    struct = _replaced(struct, _COMMIT_BEGINS, f"\t\tif (resting) return false;\n{_COMMIT_BEGINS}")
    return _replaced(struct, _COMMIT_ENDS, f"\t\tresting = !changed;\n{_COMMIT_ENDS}")


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise UnknownModelError(f"{old.strip()!r} is there {text.count(old)} times, not once")
    return text.replace(old, new)
