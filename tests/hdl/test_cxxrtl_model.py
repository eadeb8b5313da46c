"""The rewrites of Yosys's models; that they change no result is tested with the simulators."""

from __future__ import annotations

import pytest

from hdl.cxxrtl_model import UnknownModelError, quickened

MODEL = """\
struct p_lane : public module {
	/*output*/ wire<8> p_sum;
	/*input*/ value<4> p_x;
	/*input*/ value<1> p_clk;
	value<1> prev_p_clk;
	bool commit(ObserverT &observer) {
		bool changed = false;
		prev_p_clk = p_clk;
		if (p_sum.commit(observer)) changed = true;
		return changed;
	}
}; // struct p_lane

bool p_lane::eval(performer *performer) {
	bool converged = true;
	return converged;
}

struct p_accelerator : public module {
	/*input*/ value<1> p_clk;
	value<1> prev_p_clk;
	p_lane cell_p_one {interior()};
	p_lane cell_p_other {interior()};
	bool commit(ObserverT &observer) {
		bool changed = false;
		prev_p_clk = p_clk;
		return changed;
	}
}; // struct p_accelerator

bool p_accelerator::eval(performer *performer) {
	bool converged = true;
	if (posedge_p_clk) {
		memory_p_ram.update(tmp_1.index, (p_enable ? p_x : value<4>{0u}), 0);
	}
	return converged;
}
"""


def test_entities_below_the_top_rest_while_their_inputs_stay() -> None:
    lane, top = quickened(MODEL).split("struct p_accelerator : ")
    assert "value<4> last_p_x;" in lane
    assert "if (resting && last_p_x == p_x) return true;" in lane
    assert "last_p_clk" not in lane  # It never changes between two commits.
    assert lane.index("if (resting) return false;") < lane.index("bool changed = false;")
    assert "resting = !changed;\n\t\treturn changed;" in lane
    assert "bool converged = true;\n\tif (rests()) return true;" in lane
    assert "rest" not in top


def test_memories_are_written_where_enabled() -> None:
    assert "\t\tif (p_enable) memory_p_ram.update(tmp_1.index, (p_enable ? p_x" in quickened(MODEL)


def test_every_commit_is_a_rising_edge() -> None:
    assert "prev_p_clk = p_clk;" not in quickened(MODEL)


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        ("prev_p_clk = p_clk;", "last_clock = p_clk;"),
        ("p_accelerator", "p_other"),
        ("bool changed = false;", "auto changed = false;"),
        ("p_lane::eval(performer *performer)", "p_lane::eval()"),
    ],
)
def test_another_form_is_an_error(known: str, unknown: str) -> None:
    assert known in MODEL
    with pytest.raises(UnknownModelError):
        quickened(MODEL.replace(known, unknown))
