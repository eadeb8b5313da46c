"""What fits a small part: the claims of the committed table, by today's estimates."""

from __future__ import annotations

from tests.bench.deployability.variants import BITS, D_MODELS, all_distributed, memory_types


def test_memories_in_luts_exceed_the_part_through_luts_and_memory_types_mend_it() -> None:
    exceeding = []
    for d_model in D_MODELS:
        for bits in BITS:
            uniform = all_distributed(d_model, bits)
            used = uniform.estimate.utilization
            assert used["bram18"] == 0
            if uniform.fullest > 1:
                exceeding.append((d_model, bits))
                # And through the slices that hold those LUTs.
                assert {name for name, share in used.items() if share > 1} <= {"lut", "slice"}
                mended = memory_types(uniform)
                assert mended.fullest <= 1
                assert mended.design.weight_bits == uniform.design.weight_bits
                assert mended.design.activation_bits == uniform.design.activation_bits
    assert (64, 8) in exceeding
    assert (32, 8) not in exceeding


def test_the_widest_bits_fit_every_width() -> None:
    assert all(memory_types(all_distributed(d_model, max(BITS))).fullest <= 1 for d_model in D_MODELS)
