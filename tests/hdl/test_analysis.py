"""GHDL's analysis: errors in its own words, and nothing analysed twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.analysis import GhdlError, analyse
from hdl.tools import ghdl


def test_invalid_vhdl_is_reported_with_ghdls_words(tmp_path: Path) -> None:
    source = tmp_path / "broken.vhd"
    source.write_text("entity broken is port (a : in word); end entity;\n")
    with pytest.raises(GhdlError, match=r"broken\.vhd:1:\d+:error: no declaration for \"word\""):
        analyse(ghdl(), [source], tmp_path / "work")
    assert list((tmp_path / "work").iterdir()) == []


def test_analysis_is_kept_by_content(tmp_path: Path) -> None:
    source = tmp_path / "thing.vhd"
    source.write_text("entity thing is end entity;\n")
    first = analyse(ghdl(), [source], tmp_path / "work")
    source.unlink()
    source.write_text("entity thing is end entity;\n")
    assert analyse(ghdl(), [source], tmp_path / "work").folder == first.folder
    source.write_text("entity thing is end entity thing;\n")
    assert analyse(ghdl(), [source], tmp_path / "work").folder != first.folder
