"""The classical methods by NumPy, SciPy, scikit-learn and scikit-image, in float64 on float32 numbers.

Run: python golden.py   (writes golden.json beside it)
"""
import json
import pathlib

import numpy as np
import scipy
import scipy.optimize
import scipy.stats
import skimage
import skimage.feature
import sklearn
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

random = np.random.default_rng(7)


def exact(values):
    """Numbers that float32 holds, in float64."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


x = exact(random.normal(size=(40, 3)) * [1, 2, 0.5] + [0, 3, -1])
y = exact(x @ [1.5, -0.7, 2] + 0.3 + random.normal(size=40) * 0.4)
labels = (x @ [1, 0.5, -1] - 2.5 + random.normal(size=40) > 0).astype(int)
classes = np.arange(40) % 3
queries = exact(random.normal(size=(15, 3)) * [1, 2, 0.5] + [0, 3, -1])
golden = {
    "versions": {m.__name__: m.__version__ for m in (np, scipy, sklearn, skimage)},
    "x": x.tolist(), "y": y.tolist(), "labels": labels.tolist(), "classes": classes.tolist(), "queries": queries.tolist(),
}

line = LinearRegression().fit(x, y)
ridge = Ridge(alpha=2.5).fit(x, y)
golden["linear"] = {
    "weight": line.coef_.tolist(), "bias": line.intercept_, "sse": float(((line.predict(x) - y) ** 2).sum()),
    "prediction": line.predict(queries).tolist(), "ridgeWeight": ridge.coef_.tolist(), "ridgeBias": float(ridge.intercept_),
}

# scikit-learn minimises C * cross-entropy + ||w||^2 / 2: lambda is 1 / C.
for name, penalty in (("logistic", 0.5), ("logisticBare", 0.0)):
    model = LogisticRegression(C=np.inf if penalty == 0 else 1 / penalty, tol=1e-12, max_iter=10000, solver="newton-cholesky").fit(x, labels)
    golden[name] = {
        "l2": penalty, "weight": model.coef_[0].tolist(), "bias": float(model.intercept_[0]),
        "probability": model.predict_proba(queries)[:, 1].tolist(),
    }

golden["neighbours"] = []
for k in (1, 4, 7):
    model = KNeighborsClassifier(k, algorithm="brute").fit(x, classes)
    distances, indices = model.kneighbors(queries)
    golden["neighbours"].append({
        "k": k, "distances": distances.tolist(), "indices": indices.tolist(),
        "probabilities": model.predict_proba(queries).tolist(), "prediction": model.predict(queries).tolist(),
    })

start = x[:4]
means = KMeans(4, init=start, n_init=1, tol=0, algorithm="lloyd").fit(x)
golden["kMeans"] = {
    "start": start.tolist(), "centres": means.cluster_centers_.tolist(), "labels": means.labels_.tolist(),
    "inertia": means.inertia_, "prediction": means.predict(queries).tolist(),
}

wide = exact(random.normal(size=(6, 10)) * np.linspace(2, 0.2, 10))
golden["pca"] = []
for data in (x, wide):
    model = PCA(2, svd_solver="full").fit(data)
    # The sign convention: the largest component is positive.
    signs = np.sign(model.components_[np.arange(2), np.abs(model.components_).argmax(1)])
    codes = model.transform(data) * signs
    golden["pca"].append({
        "x": data.tolist(), "mean": model.mean_.tolist(), "components": (model.components_ * signs[:, None]).tolist(),
        "variances": model.explained_variance_.tolist(), "shares": model.explained_variance_ratio_.tolist(),
        "codes": codes.tolist(), "reconstruction": model.inverse_transform(model.transform(data)).tolist(),
    })

# Tipping & Bishop 1999 from the definition, for the covariance divided by N.
mixed = exact(random.normal(size=(50, 2)) @ random.normal(size=(2, 5)) + 0.3 * random.normal(size=(50, 5)) + [1, 2, 3, 4, 5])
mean, covariance = mixed.mean(0), np.cov(mixed.T, bias=True)
values, vectors = np.linalg.eigh(covariance)
values, vectors = values[::-1], vectors[:, ::-1]
noise = values[2:].mean()
vectors = vectors[:, :2] * np.sign(vectors[np.abs(vectors[:, :2]).argmax(0), [0, 1]])
weight = vectors @ np.diag(np.sqrt(values[:2] - noise))
rotation = exact([[0.6, -0.8], [0.8, 0.6]])
density = scipy.stats.multivariate_normal(mean, weight @ weight.T + noise * np.eye(5))
golden["ppca"] = {
    "x": mixed.tolist(), "noise": noise, "weight": weight.tolist(), "rotation": rotation.tolist(),
    "rotated": (weight @ rotation).tolist(), "logDensity": density.logpdf(mixed[:10] * 1.5).tolist(),
    "latent": (np.linalg.inv(weight.T @ weight + noise * np.eye(2)) @ weight.T @ (mixed[:10] - mean).T).T.tolist(),
}

samples = exact(np.concatenate([random.normal(size=30), random.normal(size=20) * 0.5 + 4]))
grid = exact(np.linspace(-4, 8, 13))
golden["density"] = {
    "samples": samples.tolist(), "grid": grid.tolist(),
    "scott": scipy.stats.gaussian_kde(samples, "scott").logpdf(grid).tolist(),
    "silverman": scipy.stats.gaussian_kde(samples, "silverman").logpdf(grid).tolist(),
    "fixed": KernelDensity(bandwidth=0.7, kernel="gaussian").fit(x).score_samples(queries).tolist(),
}

t = exact(np.sort(random.uniform(size=25)))
z = exact(np.abs(t - 0.4) + random.normal(size=25) * 0.02)
waves = np.column_stack([np.ones(25)] + [f(2 * np.pi * k * t / 1.25) for k in (1, 2, 3) for f in (np.cos, np.sin)])
hills = np.column_stack([scipy.special.comb(6, k) * t**k * (1 - t) ** (6 - k) for k in range(7)])
golden["curves"] = {
    "x": t.tolist(), "y": z.tolist(),
    "fourier": np.linalg.lstsq(waves, z, rcond=None)[0].tolist(), "bernstein": np.linalg.lstsq(hills, z, rcond=None)[0].tolist(),
}

image = exact(random.uniform(size=(20, 18)))
colour = exact(random.uniform(size=(12, 12, 3)))
golden["hog"] = {
    "image": image.tolist(), "colour": np.moveaxis(colour, 2, 0).tolist(),
    "features": skimage.feature.hog(image, 9, (4, 4), (2, 2), "L2").tolist(),
    "colourFeatures": skimage.feature.hog(colour, 6, (4, 4), (2, 2), "L2", channel_axis=2).tolist(),
}

scaler = StandardScaler().fit(x)
golden["standardised"] = scaler.transform(queries).tolist()
golden["quantiles"] = np.percentile(samples, [2.5, 97.5]).tolist()
jackknifed = np.array([np.var(np.delete(samples, i)) for i in range(50)])
golden["jackknife"] = {
    "bias": float(49 * (jackknifed.mean() - samples.var())),
    "standardError": float(np.sqrt(49 / 50 * ((jackknifed - jackknifed.mean()) ** 2).sum())),
}
# Least absolute deviations as a linear programme: minimise sum(u + v), plane + u - v = y, u and v >= 0.
wild = y.copy()
wild[::7] += 25
wild = exact(wild)
ones = np.column_stack([x, np.ones(40)])
programme = scipy.optimize.linprog(
    np.concatenate([np.zeros(4), np.ones(80)]), A_eq=np.hstack([ones, np.eye(40), -np.eye(40)]), b_eq=wild,
    bounds=[(None, None)] * 4 + [(0, None)] * 80,
)
golden["absolute"] = {"y": wild.tolist(), "plane": programme.x[:4].tolist(), "error": programme.fun}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=1) + "\n")
