"""GWAE in scikit-learn: a pipeline, its clusters, new data, and a search over parameters."""

from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gwae_core import GWAETransformer

x, _ = load_iris(return_X_y=True, as_frame=True)  # (150, 4)

gwae = GWAETransformer(
    latent_dim=2,
    prior={"type": "gaussian-mixture", "num_components": 3},
    encoder={"type": "mlp", "hidden": [32]},
    decoder={"type": "mlp", "hidden": [32]},
    steps=300,
    random_state=0,
)
pipeline = make_pipeline(StandardScaler(), gwae).set_output(transform="pandas")

codes = pipeline.fit_transform(x)  # (150, 2)
print(codes.head(3))
print("explained:", round(pipeline.score(x), 2))

clusters = pipeline.predict(x)  # (150,), components of the prior
print("sizes of the clusters:", [int((clusters == k).sum()) for k in range(3)])

flowers = pipeline[-1].sample(5, component=0)  # (5, 4), standardised
print(pipeline[0].inverse_transform(flowers).round(1))

search = GridSearchCV(
    pipeline,
    {
        "gwaetransformer__latent_dim": [1, 2],
        "gwaetransformer__estimator": ["paired", "sliced"],
    },
    cv=2,
)
print(search.fit(x).best_params_)
