from gwae_waves import SeriesEncoder, Waves

from gwae_core.testing import parametrize_with_checks

test_data = parametrize_with_checks([Waves.Config(number=60)])
test_encoder = parametrize_with_checks([SeriesEncoder.Config()], data_shape=(32,))


def test_each_series_has_its_shape_and_factors():
    data = Waves.Config(number=30, noise=0.0).build().load()
    assert data.x.shape == (30, 64)
    assert data.label_names[data.y[1]] == "square"
    assert set(data.x[1].tolist()) <= {-1.0, 0.0, 1.0}
    assert data.factors.shape == (30, 2)
