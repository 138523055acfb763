"""Makes metrics.json: what scikit-learn, or its textbook formula in numpy, says of predictions. Run with scikit-learn 1.9.1 and
torch 2.13.0: python metrics.py"""

import json
import pathlib

import numpy
import sklearn
import torch
from sklearn import metrics as theirs

random = numpy.random.default_rng(7)


def numbers(values):
    """Infinity and NaN are no JSON."""
    if isinstance(values, (list, tuple)):
        return [numbers(value) for value in values]
    value = float(values)
    return value if numpy.isfinite(value) else str(value)


cases = []


def case(metric, note, args, expected, **options):
    """`args` are arrays, as nested lists; what has two dimensions becomes a tensor."""
    given = [numpy.asarray(a).tolist() for a in args]
    cases.append({"metric": metric, "note": note, "args": given, "options": options, "expected": numbers(expected)})


# ── Classes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

labels = {
    "three classes": (random.integers(0, 3, 60), random.integers(0, 3, 60)),
    "a class that never occurs and is never predicted": ([0, 3, 3, 1, 0, 1], [0, 3, 1, 1, 0, 0]),
    "a class that is never predicted": ([0, 0, 1, 1, 0], [0, 2, 1, 1, 2]),
    "a class that occurs only among the predictions": ([0, 2, 1, 2], [0, 1, 1, 0]),
    "one class only": ([2, 2, 2], [2, 2, 2]),
    "all wrong": ([1, 2, 0], [0, 1, 2]),
    "one sample": ([1], [0]),
}
for note, (predicted, actual) in labels.items():
    args = (predicted, actual)
    case("accuracy", note, args, theirs.accuracy_score(actual, predicted))
    case("classificationError", note, args, theirs.zero_one_loss(actual, predicted))
    for average in ("macro", "micro", "weighted"):
        precision, recall, f1, _ = theirs.precision_recall_fscore_support(
            actual, predicted, average=average, zero_division=0
        )
        case("precision", note, args, precision, average=average)
        case("recall", note, args, recall, average=average)
        case("f1", note, args, f1, average=average)
    classes = int(max(numpy.max(predicted), numpy.max(actual))) + 1
    matrix = theirs.confusion_matrix(actual, predicted, labels=range(classes))
    case("confusionMatrix", note, args, matrix.tolist())
    each = theirs.precision_recall_fscore_support(
        actual, predicted, labels=range(classes), average=None, zero_division=numpy.nan
    )
    case("confusionMatrix.perClass", note, args, [list(row) for row in zip(*each)])
    case("perClassAccuracy", note, args, list(each[1]))
    case("meanIou", note, args, theirs.jaccard_score(actual, predicted, average="macro", zero_division=0))

# ── Scores ───────────────────────────────────────────────────────────────────────────────────────────────────────────

for note, scores in {
    "no ties": random.permutation(40).reshape(8, 5) / 8,
    "more classes than samples": random.permutation(21).reshape(3, 7) / 4,
}.items():
    actual = random.integers(0, scores.shape[1], scores.shape[0])
    for k in range(1, scores.shape[1] + 1):
        expected = theirs.top_k_accuracy_score(actual, scores, k=k, labels=range(scores.shape[1]))
        cases.append(
            {"metric": "topK", "note": note, "args": [scores.tolist(), actual.tolist(), k], "options": None, "expected": expected}
        )
    case("accuracy", f"scores, {note}", (scores, actual), theirs.accuracy_score(actual, scores.argmax(1)))

for note, (scores, actual) in {
    "no ties": (random.permutation(30) / 8, random.integers(0, 2, 30)),
    "many ties": (random.integers(0, 4, 50) / 4, random.integers(0, 2, 50)),
    "all alike": ([0.5] * 6, [0, 1, 1, 0, 1, 1]),
    "one of each, in order": ([1, 2], [0, 1]),
    "one of each, reversed": ([2, 1], [0, 1]),
    "infinite scores": ([-numpy.inf, 0, 1, numpy.inf], [0, 1, 0, 1]),
}.items():
    if numpy.all(numpy.isfinite(scores)):
        case("auc", note, (scores, actual), theirs.roc_auc_score(actual, scores))
        rates = theirs.roc_curve(actual, scores, drop_intermediate=False)
        case("roc", note, (scores, actual), [list(part) for part in rates])
    case("binaryAccuracy", note, (numpy.clip(numpy.asarray(scores) - 0.5, -9, 9), actual),
         theirs.accuracy_score(actual, numpy.asarray(scores) > 0.5))


def calibration_error(probabilities, actual, bins):
    """Guo et al. 2017, equation 3: bins hold their upper end."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == actual
    place = numpy.clip(numpy.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    parts = [place == b for b in range(bins)]
    return sum(p.mean() * abs(confidence[p].mean() - right[p].mean()) for p in parts if p.any())


for note, sharpness, bins in (("unsure", 1, 10), ("sure", 6, 10), ("few bins", 3, 3), ("one bin", 3, 1)):
    scores = sharpness * random.normal(size=(40, 4))
    probabilities = numpy.exp(scores) / numpy.exp(scores).sum(1, keepdims=True)
    probabilities = probabilities.astype(numpy.float32).astype(numpy.float64)
    actual = random.integers(0, 4, 40)
    case("calibration", note, (probabilities, actual), calibration_error(probabilities, actual, bins), bins=bins)
# The largest share stands on the border of two bins, and a share is 1.
case("calibration", "on the border of bins", ([[0.5, 0.5], [1, 0], [0.75, 0.25]], [1, 0, 1]),
     calibration_error(numpy.array([[0.5, 0.5], [1, 0], [0.75, 0.25]]), numpy.array([1, 0, 1]), 4), bins=4)

# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

for note, shape in (("a list", (9,)), ("a table", (3, 4)), ("one number", (1,))):
    predicted, actual = (random.integers(-16, 16, shape) / 8 for _ in range(2))
    case("mse", note, (predicted, actual), theirs.mean_squared_error(actual.ravel(), predicted.ravel()))
    case("mae", note, (predicted, actual), theirs.mean_absolute_error(actual.ravel(), predicted.ravel()))
    for peak in (1, 255):
        error = torch.nn.functional.mse_loss(torch.tensor(predicted), torch.tensor(actual))
        case("psnr", note, (predicted, actual), 10 * torch.log10(peak**2 / error), peak=peak)

# ── Regions ──────────────────────────────────────────────────────────────────────────────────────────────────────────

for note, (a, b) in {
    "noise": (random.integers(0, 2, (5, 6)), random.integers(0, 2, (5, 6))),
    "no pixel in common": ([[1, 0], [0, 0]], [[0, 1], [1, 1]]),
    "one is empty": ([[0, 0]], [[1, 0]]),
    "the same": ([[1, 0, 1]], [[1, 0, 1]]),
}.items():
    a, b = numpy.asarray(a), numpy.asarray(b)
    case("maskIou", note, (a, b), theirs.jaccard_score(b.ravel(), a.ravel()))
    case("dice", note, (a, b), theirs.f1_score(b.ravel(), a.ravel()))


def box_iou(a, b):
    """torchvision's formula."""
    a, b = torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    sides = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(min=0)
    shared = sides.prod()
    return shared / (area(a) + area(b) - shared)


for note, a, b in (
    ("overlapping", [0, 0, 4, 3], [1, 1, 6, 2.5]),
    ("apart", [0, 0, 1, 1], [2, 0, 3, 1]),
    ("a common edge", [0, 0, 1, 1], [1, 0, 2, 1]),
    ("one in the other", [0, 0, 8, 8], [2, 3, 4, 7]),
    ("the same", [-1, -2, 3, 4], [-1, -2, 3, 4]),
):
    case("boxIou", note, (a, b), box_iou(a, b))

golden = {"scikit-learn": sklearn.__version__, "torch": torch.__version__, "cases": cases}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
