"""The tape: gradients as autograd's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from quant_model.training.kinds.attention import Attend
from quant_model.training.kinds.linear import Affine, LinearRequantize
from quant_model.training.kinds.pooling import PoolRequantize
from quant_model.training.tape import Tape, recorded
from tests.quant_model.training.gradients import HIGH, LOW, applied


@pytest.mark.parametrize("heads", [1, 2])
def test_a_tape_gives_the_gradients_that_autograd_gives(heads: int) -> None:
    """Also where a tensor is read several times, and where a part is not read at all."""
    generator = torch.Generator().manual_seed(5)
    vector = torch.randn(4 * 4 * 4, generator=generator)
    rows, bias = torch.randn(3, 5, 4, generator=generator), torch.zeros(1, 4)
    table, one = torch.floor(15 * 2.0 ** -torch.arange(8) + 0.5), torch.tensor(1.0)

    def network(apply: Callable[..., Tensor], parts: list[Tensor]) -> Tensor:
        stream = apply(LinearRequantize, rows, parts[0], bias, LOW, HIGH)
        query, value = (apply(LinearRequantize, stream, part, bias, LOW, HIGH) for part in parts[1:3])
        mixed = apply(Attend, query, query, value, table, one, 1.0, LOW, HIGH, heads)
        stream = apply(LinearRequantize, mixed, parts[1], bias, LOW, HIGH, stream, one)
        return apply(PoolRequantize, stream, one, LOW, HIGH)

    sizes, shapes = [16] * 4, [(4, 4)] * 4
    values = vector.clone().requires_grad_()

    def run(tape: Tape) -> Tensor:
        return network(tape.apply, tape.split(values, sizes, shapes))

    grads: list[Tensor] = []
    for result in (
        recorded(run, values),
        network(applied, [part.view(4, 4) for part in torch.split(values, sizes)]),
    ):
        (own,) = torch.autograd.grad(result.square().sum(), values)
        grads.append(own)
    torch.testing.assert_close(*grads)
    assert grads[0].abs().sum() > 0
    assert grads[0][-16:].abs().sum() == 0


def test_a_tape_leaves_out_what_nothing_depends_on() -> None:
    tape = Tape([])
    with torch.no_grad():
        assert tape.apply(Affine, torch.ones(1, 1), torch.ones(1, 1), torch.ones(1, 1)).item() == 2
