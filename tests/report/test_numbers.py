from __future__ import annotations

import pytest

from gwae_core.report.numbers import KeyNumber, Row, format_number, key_numbers, tables


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.94707, "0.947"),
        (1.0, "1"),
        (10.0, "10"),
        (22.236, "22.2"),
        (0.00705, "0.00705"),
        (-0.5, "-0.500"),
        (123456.7, "1.23e+05"),
        (0.0, "0"),
    ],
)
def test_numbers_have_as_many_digits_as_they_are_worth(value: float, text: str) -> None:
    assert format_number(value) == text


def test_variants_are_rows_and_baselines_come_last() -> None:
    (table,) = tables(
        {
            "clustering.pixel-kmeans.accuracy": 0.5,
            "clustering.prior.components": 7.0,
            "clustering.prior.accuracy": 0.9,
        }
    )
    assert table.columns == ("accuracy", "components in use")
    assert table.rows == (
        Row("mixture prior", ("0.900", "7"), baseline=False),
        Row("k-means on raw data", ("0.500", ""), baseline=True),
    )


def test_metrics_of_plugins_are_shown_by_their_own_names() -> None:
    first, second = tables({"dci.gbt.fast.completeness": 0.25, "loss": 2.0})
    assert (first.title, first.columns, first.rows[0].name) == (
        "dci",
        ("completeness",),
        "gbt.fast",
    )
    assert second.rows[0].cells == ("2",)


def test_key_numbers_come_with_what_to_compare_them_with() -> None:
    metrics = {
        "clustering.kmeans.accuracy": 0.8,
        "geometry.euclidean.spearman": 0.7,
        "reconstruction.relative_mse": 0.1,
        "reconstruction.psnr": 22.24,
    }
    assert key_numbers(metrics, d_x_name="euclidean") == [
        KeyNumber("clustering accuracy (k-means on codes)", "0.800"),
        KeyNumber("rank correlation of distances (euclidean)", "0.700", "perfect: 1"),
        KeyNumber("MSE / variance", "0.100", "the mean of the data: 1; PSNR 22.2 dB"),
    ]
    assert key_numbers({}, d_x_name="geodesic") == []
