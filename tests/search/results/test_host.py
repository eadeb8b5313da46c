from __future__ import annotations

import numpy as np

from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.input_scale import InputScale
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.node import Parameters
from quant_model.random_model import random_integer_model
from search.results.host import host
from search.study_files.datasets import data_from_file
from search.study_files.parser import data_path, load_spec
from tests.search.conftest import StudyMaker


def test_user_units_go_in_and_come_out(make_study: StudyMaker) -> None:
    """The two formulas of an exported README, against normalising and quantising one after the other."""
    file = make_study()
    spec = load_spec(file)
    data = data_from_file(spec, data_path(spec, file))
    dataset = data.dataset(spec.shape_values("window")[0])
    features = len(dataset.feature_names)
    arch = Encoder(dataset.window, features, 8, 1, 8, 1, spec.outputs)
    drawn = random_integer_model(build_network(uniform_design(arch, 6, 6)), 3)
    scale = InputScale(np.linspace(-0.3, 0.4, features), np.linspace(0.05, 0.08, features))
    own = drawn.parameters
    model = IntegerModel(drawn.network, Parameters(own.linear, own.exponents, scale))
    around = host(model, dataset)

    test = dataset.test.part(slice(20))
    x = test.x
    values = np.asarray(x, np.float64) * dataset.feature_std + dataset.feature_mean
    offsets, steps = (np.array([getattr(one, part) for one in around.inputs]) for part in ("offset", "step"))
    sent = np.clip(np.floor((values - offsets) / steps + 0.5), around.low, around.high).astype(np.int64)
    np.testing.assert_array_equal(sent, model.quantize_input(x[:]))

    received = model.forward(sent)
    offsets, steps = (np.array([getattr(one, part) for one in around.outputs]) for part in ("offset", "step"))
    np.testing.assert_allclose(
        offsets + steps * received, dataset.forecast(test, model.predict(x)), rtol=1e-6, atol=1e-9
    )
