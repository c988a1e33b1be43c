"""Sources of batches."""

import itertools

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from gwae_core.context import Batch
from gwae_core.engine import BatchSource, Iterated, TensorBatches
from gwae_core.errors import DataError


def take(source: object, count: int) -> list[Batch]:
    return list(itertools.islice(iter(source), count))  # type: ignore[call-overload]


def test_an_epoch_holds_every_row_once_and_the_next_has_another_order() -> None:
    x = torch.arange(12.0)[:, None]
    batches = take(TensorBatches(x, batch_size=4), 6)
    first = torch.cat([batch.index for batch in batches[:3]])
    second = torch.cat([batch.index for batch in batches[3:]])
    assert first.sort().values.tolist() == second.sort().values.tolist() == list(range(12))
    assert first.tolist() != second.tolist()


def test_rows_labels_and_factors_go_together() -> None:
    x = torch.arange(10.0)[:, None]
    source = TensorBatches(x, batch_size=3, y=torch.arange(10), factors=2 * x)
    for batch in take(source, 5):
        assert batch.x[:, 0].tolist() == batch.y.tolist() == batch.index.tolist()
        assert torch.equal(batch.factors, 2 * batch.x)


def test_the_seed_decides_the_order_and_global_state_is_untouched() -> None:
    x = torch.arange(64.0)[:, None]
    torch.manual_seed(3)
    state = torch.get_rng_state()
    one, same, other = (take(TensorBatches(x, batch_size=64, seed=s), 1)[0] for s in (1, 1, 2))
    assert torch.equal(one.index, same.index)
    assert not torch.equal(one.index, other.index)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(DataError, match="batch of 8 is larger than the training split of 5"):
        TensorBatches(torch.zeros(5, 2), batch_size=8)


def test_a_loader_is_started_again_and_pairs_are_read() -> None:
    loader = DataLoader(TensorDataset(torch.arange(6.0)[:, None], torch.arange(6)), batch_size=3)
    batches = take(Iterated(loader), 5)
    assert [batch.y.tolist() for batch in batches[:3]] == [[0, 1, 2], [3, 4, 5], [0, 1, 2]]
    assert Iterated(loader).all_data()[:, 0].tolist() == list(range(6))


def test_batches_that_run_out_or_are_of_a_wrong_type_are_refused() -> None:
    with pytest.raises(DataError, match="ran out"):
        take(Iterated(iter([torch.zeros(2, 2)])), 3)
    with pytest.raises(DataError, match="got str"):
        take(Iterated(["x"]), 1)


@pytest.mark.parametrize("taken", [0, 1, 3, 4, 11])
@pytest.mark.parametrize("kind", ["tensor", "iterated"])
def test_a_position_is_found_again(kind: str, taken: int) -> None:
    """After any number of batches, a new source continues as the old one does."""
    x = torch.arange(14.0)[:, None]

    def source() -> BatchSource:
        if kind == "tensor":
            return TensorBatches(x, batch_size=4, seed=5)
        return Iterated(list(x.split(4)))

    one = source()
    batches = iter(one)
    for _ in range(taken):
        next(batches)
    two = source()
    two.load_state(one.state())
    assert two.state() == one.state() == {"taken": taken}
    resumed = iter(two)
    for _ in range(9):
        assert torch.equal(next(batches).x, next(resumed).x)
    assert two.state() == {"taken": taken + 9}
    assert torch.equal(next(iter(two)).x, next(iter(source())).x)  # a position holds once
