"""Signs of ill health are seen, and only where there are any."""

import pytest

from gwae_core.engine.health import examine

WELL = {
    "posterior_scale": 1.0,
    "active_units": 8.0,
    "explained_variance": 0.8,
    "log_variance": -3.0,
}


def names(progress: float = 1.0, **changes: float) -> list[str]:
    return [symptom.name for symptom in examine({**WELL, **changes}, progress=progress)]


def test_a_healthy_model_is_left_in_peace() -> None:
    assert names() == []
    assert examine({}, progress=1.0) == []  # an objective that logs nothing is not judged


@pytest.mark.parametrize(
    ("observed", "symptom"),
    [
        ({"posterior_scale": 60.0}, "explosion"),
        ({"active_units": 1.0}, "collapse"),
        ({"explained_variance": 0.01}, "mean-image"),
        ({"explained_variance": -0.3}, "mean-image"),
    ],
)
def test_each_sign_is_named_with_a_remedy(observed: dict[str, float], symptom: str) -> None:
    assert names(**observed) == [symptom]
    (found,) = examine({**WELL, **observed}, progress=1.0)
    assert found.message and found.remedy


def test_a_model_gets_time_to_learn_but_none_to_explode() -> None:
    assert names(progress=0.1, active_units=0.0, explained_variance=0.0) == []
    assert names(progress=0.1, posterior_scale=1e3) == ["explosion"]


def test_the_published_failure_is_seen() -> None:
    """The decoder emits the mean image while the posterior blows up (mean log variance 4.7)."""
    assert "mean-image" in names(log_variance=4.7, explained_variance=0.0, posterior_scale=12.0)


def test_one_coordinate_of_one_is_no_collapse() -> None:
    assert examine({"active_units": 1.0}, progress=1.0, latent_dim=1) == []
    (symptom,) = examine({"active_units": 0.0}, progress=1.0, latent_dim=1)
    assert symptom.name == "collapse"
