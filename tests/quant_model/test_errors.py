from __future__ import annotations

import pickle

from quant_model.errors import UserError


def test_the_message_is_one_line_of_place_problem_and_remedy() -> None:
    error = UserError("data.csv row 17", "the cell\nis  empty", "fill it")

    assert str(error) == "data.csv row 17: the cell is empty; fill it"


def test_it_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(UserError("place", "problem", "remedy")))

    assert (error.place, error.problem, error.remedy) == ("place", "problem", "remedy")
