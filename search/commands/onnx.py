"""``bitfront onnx``: an exported accelerator's integer model for other flows and for viewers."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hdl.bundle import model_path
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from search.commands.options import path
from search.files import file_errors, read_text
from search.results.export import MANIFEST

__all__ = ["onnx"]


@click.command()
@click.argument("bundle", type=path, metavar="DIR")
@click.option("--out", type=path, required=True, metavar="FILE.onnx", help="The file; replaced if it exists.")
def onnx(bundle: Path, out: Path) -> None:
    """Write an exported accelerator's integer model as ONNX, equal to it in every integer."""
    try:
        from quant_model.onnx_export import INPUT, OPSET, OUTPUT, to_onnx
    except ImportError as error:
        raise UserError(
            "bitfront onnx", "the package onnx is not installed", "run: pip install 'bitfront[onnx]'"
        ) from error
    model = IntegerModel.load(model_path(bundle))
    proto = to_onnx(model, _scales(bundle))
    with file_errors(str(out), "cannot be written", "choose another --out, or make room"):
        out.write_bytes(proto.SerializeToString())
    port, out_port = model.network.input, model.network.output
    shapes = f"{INPUT} (batch, {model.network.sees}, {port.columns}), {OUTPUT} (batch, {out_port.columns})"
    print(f"wrote {out}: opset {OPSET}, int64 {shapes}")


def _scales(bundle: Path) -> dict[str, str]:
    """What a host computes around the model, where the folder says it (random weights have no scales)."""
    manifest = bundle / MANIFEST
    if not manifest.is_file():
        return {}
    try:
        content = json.loads(read_text(manifest, "the manifest"))
        return {"host": json.dumps(content["host"])} if "host" in content else {}
    except (ValueError, TypeError) as error:
        raise UserError(str(manifest), f"cannot be understood ({error})", "export the trial again") from error
