"""A training that is stopped and gone on with comes to the same integers as one that never was."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
import torch

from quant_model.data import Dataset
from quant_model.design import uniform_design
from quant_model.network import Network, build_network
from quant_model.training import Epoch, FloatParent, Resume, TrainingResult, train, train_parent
from tests.quant_model.training import samples
from tests.quant_model.training.samples import small_shape

SETTINGS = dataclasses.replace(samples.SETTINGS, epochs=4)


class Shelf:
    """Keeps a checkpoint in memory; raises after some epochs, as a killed process would."""

    def __init__(self, epochs: int | None = None) -> None:
        self.content: bytes | None = None
        self.saved = 0
        self._left = epochs

    def load(self) -> bytes | None:
        return self.content

    def save(self, content: bytes) -> None:
        self.content = content
        self.saved += 1
        if self._left is not None and self.saved == self._left:
            raise KeyboardInterrupt

    def resume(self) -> Resume:
        return Resume(self.load, self.save)

    def after(self, content: bytes | None) -> Shelf:
        self.content = content
        return self


@pytest.fixture(scope="module")
def network(dataset: Dataset) -> Network:
    return build_network(uniform_design(small_shape(dataset), 4, 4, stream_bits=6))


@pytest.fixture(scope="module")
def whole(dataset: Dataset, parent: FloatParent, network: Network) -> tuple[TrainingResult, list[bytes]]:
    """A training that nothing stops, with what it kept after each epoch."""
    kept: list[bytes] = []
    result = train(network, dataset, SETTINGS, 3, parent, resume=Resume(lambda: None, kept.append))
    return result, kept


@pytest.mark.parametrize("epochs", [1, 3, 4])
def test_going_on_gives_the_same_model_bit_for_bit(
    dataset: Dataset,
    parent: FloatParent,
    network: Network,
    whole: tuple[TrainingResult, list[bytes]],
    epochs: int,
) -> None:
    result, kept = whole
    shelf, seen = Shelf().after(kept[epochs - 1]), list[Epoch]()
    again = train(network, dataset, SETTINGS, 3, parent, seen.append, shelf.resume())
    assert again.integer_model.to_json() == result.integer_model.to_json()
    assert again.history == result.history == tuple(seen)
    # It did go on, rather than begin again.
    assert shelf.saved == SETTINGS.epochs - epochs


def test_a_parent_goes_on_too(dataset: Dataset, parent: FloatParent) -> None:
    shape = small_shape(dataset)
    stopped = Shelf(2)
    with pytest.raises(KeyboardInterrupt):
        train_parent(shape, dataset, SETTINGS, 1, stopped.resume())
    shelf = Shelf().after(stopped.content)
    assert train_parent(shape, dataset, SETTINGS, 1, shelf.resume()).to_bytes() == parent.to_bytes()
    assert shelf.saved == SETTINGS.parent_epochs - 2


def test_patience_counts_across_a_stop(dataset: Dataset, parent: FloatParent, network: Network) -> None:
    settings = dataclasses.replace(
        SETTINGS, epochs=50, patience=2, learning_rate=0.0, threshold_learning_rate=0.0
    )
    stopped = Shelf(1)
    with pytest.raises(KeyboardInterrupt):
        train(network, dataset, settings, 0, parent, resume=stopped.resume())
    again = train(network, dataset, settings, 0, parent, resume=Shelf().after(stopped.content).resume())
    assert len(again.history) == 3


SHORT = dataclasses.replace(SETTINGS, epochs=1)


@pytest.fixture(scope="module")
def short(dataset: Dataset, parent: FloatParent, network: Network) -> tuple[tuple[Epoch, ...], bytes]:
    """History and checkpoint of a training of one epoch."""
    shelf = Shelf()
    history = train(network, dataset, SHORT, 3, parent, resume=shelf.resume()).history
    assert shelf.content is not None
    return history, shelf.content


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped", "other seed", "other settings"])
def test_what_is_no_checkpoint_of_this_training_is_not_used(
    dataset: Dataset,
    parent: FloatParent,
    network: Network,
    short: tuple[tuple[Epoch, ...], bytes],
    damage: str,
) -> None:
    history, content = short
    middle, other = len(content) // 2, Shelf()
    if damage == "other seed":
        train(network, dataset, SHORT, 4, parent, resume=other.resume())
    elif damage == "other settings":
        settings = dataclasses.replace(SHORT, learning_rate=1e-3)
        train(network, dataset, settings, 3, parent, resume=other.resume())
    damaged = {
        "empty": b"",
        "text": b"no checkpoint",
        "cut": content[:middle],
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
    }.get(damage, other.content)
    shelf = Shelf().after(damaged)
    assert damaged is not None
    assert train(network, dataset, SHORT, 3, parent, resume=shelf.resume()).history == history
    assert shelf.saved == 1


def rewritten(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A checkpoint of other content whose digest is right."""
    found = torch.load(io.BytesIO(content[32:]), weights_only=True)
    changed = change(found)
    buffer = io.BytesIO()
    torch.save(found if changed is None else changed, buffer)
    return hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue()


def smaller(found: dict[str, Any]) -> None:
    """An optimiser's state of another shape, which shows only at the next step."""
    state = found["optimizer"]["state"]
    for values in state.values():
        values["exp_avg"] = values["exp_avg"][..., :0]


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a list": lambda found: [1, 2],
    "a tensor": lambda found: torch.zeros(3),
    "no history": lambda found: found.pop("history") and None,
    "an empty history": lambda found: found.update(history=[]),
    "a history of numbers": lambda found: found.update(history=[1, 2]),
    "no best": lambda found: found.pop("best") and None,
    "a best of another model": lambda found: found.update(best={"x": torch.zeros(1)}),
    "a model of another": lambda found: found.update(model={}),
    "a model that is none": lambda found: found.update(model=None),
    "an optimizer of another": lambda found: found.update(optimizer={}),
    "an optimizer of another shape": smaller,
    "an average of another": lambda found: found.update(average={"steps": 1, "values": []}),
    "no average": lambda found: found.update(average={}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_whole_checkpoint_of_something_else_is_begun_again(
    dataset: Dataset,
    parent: FloatParent,
    network: Network,
    change: str,
) -> None:
    longer = dataclasses.replace(SHORT, epochs=2)
    expected = train(network, dataset, longer, 3, parent)
    first = Shelf(1)
    with pytest.raises(KeyboardInterrupt):
        train(network, dataset, longer, 3, parent, resume=first.resume())
    assert first.content is not None
    shelf = Shelf().after(rewritten(first.content, CHANGES[change]))
    again = train(network, dataset, longer, 3, parent, resume=shelf.resume())
    assert again.history == expected.history
    assert again.integer_model.to_json() == expected.integer_model.to_json()
    assert shelf.saved == 2
