"""Paired tests over common seeds, against scipy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gwae_core.comparison import PairedTest, holm, paired_test

values = st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=3, max_size=12)


@settings(max_examples=20)
@given(values)
def test_p_values_are_those_of_scipy(pairs):
    a, b = (dict(enumerate(column)) for column in zip(*pairs, strict=True))
    found = paired_test(a, b)
    assert found.pairs == len(pairs)
    if found.t is not None and np.ptp(np.subtract(*zip(*pairs, strict=True))) > 1e-6:
        x, y = zip(*pairs, strict=True)
        assert found.t == pytest.approx(stats.ttest_rel(x, y).pvalue, rel=1e-6)
        assert found.wilcoxon == pytest.approx(stats.wilcoxon(np.subtract(x, y)).pvalue)


@settings(max_examples=20)
@given(values)
def test_the_order_of_the_two_changes_the_sign_alone(pairs):
    a, b = (dict(enumerate(column)) for column in zip(*pairs, strict=True))
    one, other = paired_test(a, b), paired_test(b, a)
    assert one.difference == pytest.approx(-other.difference)
    assert (one.t, one.wilcoxon) == (other.t, other.wilcoxon)


def test_a_closed_form():
    # differences 1, 2, 3: t = 2 / (1 / sqrt 3) = 2 sqrt 3 of 2 degrees, p = 1 - t / sqrt(2 + t^2)
    found = paired_test({0: 2.0, 1: 4.0, 2: 6.0, 9: 1.0}, {2: 3.0, 1: 2.0, 0: 1.0, 8: 0.0})
    t = 2 * math.sqrt(3)
    assert (found.pairs, found.difference) == (3, 2.0)
    assert found.error == pytest.approx(1 / math.sqrt(3))
    assert found.t == pytest.approx(1 - t / math.sqrt(2 + t * t))
    assert found.wilcoxon == pytest.approx(0.25)  # 2^(1 - n), the least that three pairs can give


def test_few_pairs_and_equal_differences_have_no_silent_nan():
    assert paired_test({0: 1.0}, {1: 1.0}) == PairedTest(0)
    assert paired_test({0: 3.0}, {0: 1.0}) == PairedTest(1, 2.0)
    assert paired_test({0: 3.0, 1: 1.0}, {0: 1.0, 1: 1.0}) == PairedTest(2, 1.0, 1.0)
    same = {0: 0.1, 1: 0.2, 2: 0.3}
    assert paired_test(same, same) == PairedTest(3, 0.0, 0.0, 1.0, 1.0)
    shifted = paired_test({k: v + 0.1 for k, v in same.items()}, same)
    assert (shifted.t, shifted.wilcoxon) == (None, 0.25)
    assert paired_test({0: math.nan, **{k: 1.0 for k in (1, 2)}}, same).pairs == 2


def test_holm_by_hand_and_its_laws():
    assert holm([0.01, 0.04, None, 0.03]) == pytest.approx([0.03, 0.06, None, 0.06])
    assert holm([None, None]) == [None, None]
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_is_between_the_p_value_and_bonferroni_and_keeps_the_order(p):
    found = holm(p)
    for one, corrected in zip(p, found, strict=True):
        assert one <= corrected <= min(1.0, len(p) * one) + 1e-12
    order = np.argsort(p, kind="stable")
    assert (np.diff(np.array(found)[order]) >= 0).all()
