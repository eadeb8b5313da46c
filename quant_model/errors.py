"""The one kind of error that is the user's to mend."""

from __future__ import annotations

__all__ = ["UserError"]


class UserError(Exception):
    """Something outside the program is wrong and the user can put it right.

    The message is one line, ``place: problem; remedy``. The command line prints it and exits with status 2;
    every other exception is a defect of the program and keeps its traceback.

    Args:
        place: The file and the key, row or column in it, for example ``study.toml [space] weight_bits``
            or ``data.csv row 17 column occupancy``.
        problem: What is wrong there, with the value that was found.
        remedy: What to do about it.
    """

    def __init__(self, place: str, problem: str, remedy: str) -> None:
        self.place = _one_line(place)
        self.problem = _one_line(problem)
        self.remedy = _one_line(remedy)
        # The three parts are the exception's arguments, so that it can be pickled from worker to parent.
        super().__init__(self.place, self.problem, self.remedy)

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}; {self.remedy}"


def _one_line(text: str) -> str:
    """Fold line breaks and runs of blanks, so that a message from another library stays on one line."""
    return " ".join(text.split())
