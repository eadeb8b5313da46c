from __future__ import annotations

from search.study_files.toml_lines import key_lines, line_of


def test_lines_of_keys() -> None:
    text = '# note\n[a]\nb = 1\n"c d" = [\n  2,\n]\n[e."f.g"]\nh = {i = 1}\n'
    lines = key_lines(text)
    assert lines[("a", "b")] == 3
    assert lines[("a", "c d")] == 4
    assert lines[("e", "f.g", "h")] == 8
    assert line_of(lines, ("e", "f.g", "h", "i")) == 8
    assert line_of(lines, ("z",)) is None
