from __future__ import annotations

import pytest

from gwae_core.report.numbers import (
    KeyNumber,
    Row,
    format_number,
    intervals_of,
    key_numbers,
    tables,
)


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
    first, second = tables({"own.gbt.fast.completeness": 0.25, "loss": 2.0})
    assert (first.title, first.columns, first.rows[0].name) == (
        "own",
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


def test_metrics_of_one_family_share_a_table() -> None:
    (table,) = tables({"mig.score": 0.125, "sap.svc": 0.1}, {"mig.score": (0.1, 0.2)})
    assert table.title == "Disentanglement" and table.headed
    assert table.columns == ("score",)
    assert table.rows == (
        Row("MIG", ("0.125",), baseline=False, intervals=("[0.100, 0.200]",)),
        Row("SAP (svc)", ("0.100",), baseline=False),
    )


def test_rows_without_a_column_in_common_have_tables_of_their_own() -> None:
    first, second = tables(
        {
            "geometry.euclidean.spearman": 0.5,
            "geometry.prior.sliced_wasserstein": 2.0,
            "geometry.geodesic.spearman": 0.25,
            "geometry.geodesic.pearson": 0.75,
        }
    )
    assert first.columns == ("Spearman", "Pearson")
    assert [row.name for row in first.rows] == ["euclidean", "geodesic"]
    assert first.headed and not first.note
    assert second.columns == ("sliced Wasserstein distance",)
    assert second.rows == (Row("prior against codes", ("2",), baseline=False),)
    assert second.title == first.title and not second.headed and second.note


def test_rows_that_a_later_one_joins_are_in_one_table() -> None:
    (table,) = tables({"own.a.x": 1.0, "own.b.y": 2.0, "own.c.x": 3.0, "own.c.y": 4.0})
    assert [row.name for row in table.rows] == ["a", "b", "c"]
    assert [row.cells for row in table.rows] == [("1", ""), ("", "2"), ("3", "4")]


def test_parts_of_a_variant_are_called_by_their_names() -> None:
    (table,) = tables({"ood.letters.pixel-mean.auroc": 0.5, "ood.letters.density.auroc": 0.75})
    assert [(row.name, row.baseline) for row in table.rows] == [
        ("letters: density of the prior", False),
        ("letters: mean of all pixels", True),
    ]
    (table,) = tables({"reconstruction.window-7.ssim": 0.5})
    assert table.rows[0].name == "windows of 7 pixels"


def test_tables_are_in_the_order_of_the_page() -> None:
    titles = [table.title for table in tables({"own.a": 1.0, "ood.b.auroc": 1.0, "mig.score": 1.0})]
    assert titles == ["Disentanglement", "Out of distribution", "own"]


@pytest.mark.parametrize(
    "stored", [None, 3, ["a"], {"a": 1}, {"a": [1]}, {"a": [1, None]}, {"a": [1, float("nan")]}]
)
def test_intervals_that_are_none_are_passed_over(stored: object) -> None:
    assert intervals_of({"intervals": stored}) == {}
    assert intervals_of({"intervals": {"b": [1, 2.5]}}) == {"b": (1.0, 2.5)}
    assert intervals_of({"intervals": {"b": [1, 10**400]}}) == {}


def test_a_key_number_has_its_interval() -> None:
    metrics = {"mig.score": 0.25, "dci.forest.disentanglement": 0.5}
    disentanglement, mig = key_numbers(
        metrics, d_x_name="euclidean", intervals={"mig.score": (0.2, 0.3)}
    )
    assert mig == KeyNumber("mutual information gap (MIG)", "0.250", "perfect: 1", "[0.200, 0.300]")
    assert disentanglement == KeyNumber("disentanglement (DCI, forest)", "0.500")
