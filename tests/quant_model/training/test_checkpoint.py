"""A training that is stopped and gone on with comes to the same integers as one that never was."""

from __future__ import annotations

import dataclasses

import pytest

from quant_model.data import Dataset
from quant_model.design import uniform_design
from quant_model.network import Network, build_network
from quant_model.training import Epoch, FloatParent, Resume, train, train_parent
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


@pytest.mark.parametrize("epochs", [1, 3, 4])
def test_going_on_gives_the_same_model_bit_for_bit(
    dataset: Dataset, parent: FloatParent, network: Network, epochs: int
) -> None:
    whole = train(network, dataset, SETTINGS, 3, parent)
    stopped = Shelf(epochs)
    with pytest.raises(KeyboardInterrupt):
        train(network, dataset, SETTINGS, 3, parent, resume=stopped.resume())
    shelf, seen = Shelf().after(stopped.content), list[Epoch]()
    again = train(network, dataset, SETTINGS, 3, parent, seen.append, shelf.resume())
    assert again.integer_model.to_json() == whole.integer_model.to_json()
    assert again.history == whole.history == tuple(seen)
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


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped", "other seed", "other settings"])
def test_what_is_no_checkpoint_of_this_training_is_not_used(
    dataset: Dataset, parent: FloatParent, network: Network, damage: str
) -> None:
    settings = dataclasses.replace(SETTINGS, epochs=2)
    other = dataclasses.replace(settings, learning_rate=1e-3) if damage == "other settings" else settings
    stopped = Shelf(1)
    with pytest.raises(KeyboardInterrupt):
        train(network, dataset, other, 4 if damage == "other seed" else 3, parent, resume=stopped.resume())
    content = stopped.content
    assert content is not None
    middle = len(content) // 2
    damaged = {
        "empty": b"",
        "text": b"no checkpoint",
        "cut": content[:middle],
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
    }.get(damage, content)
    shelf = Shelf().after(damaged)
    again = train(network, dataset, settings, 3, parent, resume=shelf.resume())
    assert shelf.saved == settings.epochs
    assert again.history == train(network, dataset, settings, 3, parent).history
