"""Makes initialisers.json: from which distributions PyTorch draws. Run with torch 2.13.0: python initialisers.py

What is recorded are the bounds and deviations with which its initialisers and layers call the generator, not numbers drawn."""

import json
import pathlib

import torch
from torch import nn
from torch.nn import init

drawn = []
uniform, normal = torch.Tensor.uniform_, torch.Tensor.normal_


def record_uniform(tensor, low=0.0, high=1.0, **rest):
    drawn.append({"shape": list(tensor.shape), "uniform": [low, high]})
    return uniform(tensor, low, high, **rest)


def record_normal(tensor, mean=0.0, std=1.0, **rest):
    drawn.append({"shape": list(tensor.shape), "normal": [mean, std]})
    return normal(tensor, mean, std, **rest)


def draws(make):
    drawn.clear()
    torch.Tensor.uniform_, torch.Tensor.normal_ = record_uniform, record_normal
    try:
        made = make()
    finally:
        torch.Tensor.uniform_, torch.Tensor.normal_ = uniform, normal
    return made, list(drawn)


shapes = [[4, 3], [3, 4], [1, 1], [6, 1, 5, 5], [8, 2, 3, 3], [7, 5, 3], [2, 3, 2, 3, 4]]


def fill(call, fill_, **options):
    return [
        {"call": call, "options": options, **draws(lambda: fill_(torch.empty(shape)))[1][0]} for shape in shapes
    ]


initialisers = [
    *fill("uniform", lambda w: init.uniform_(w, -0.3, 0.7), low=-0.3, high=0.7),
    *fill("normal", lambda w: init.normal_(w, 0.5, 0.2), mean=0.5, std=0.2),
    *fill("xavierUniform", init.xavier_uniform_),
    *fill("xavierUniform", lambda w: init.xavier_uniform_(w, 5 / 3), gain=5 / 3),
    *fill("xavierNormal", init.xavier_normal_),
    *fill("xavierNormal", lambda w: init.xavier_normal_(w, 0.5), gain=0.5),
]
for call, kaiming in [("kaimingUniform", init.kaiming_uniform_), ("kaimingNormal", init.kaiming_normal_)]:
    initialisers += [
        *fill(call, lambda w: kaiming(w, nonlinearity="relu")),
        *fill(call, lambda w: kaiming(w, mode="fan_out", nonlinearity="relu"), mode="fanOut"),
        *fill(call, lambda w: kaiming(w, nonlinearity="tanh"), nonlinearity="tanh"),
        *fill(call, lambda w: kaiming(w, a=0.2), nonlinearity="leakyRelu", negativeSlope=0.2),
    ]

gains = [
    [[ours], init.calculate_gain(theirs)]
    for ours, theirs in [("linear", "linear"), ("sigmoid", "sigmoid"), ("tanh", "tanh"), ("relu", "relu")]
] + [
    [["leakyRelu"], init.calculate_gain("leaky_relu")],
    [["leakyRelu", 0.2], init.calculate_gain("leaky_relu", 0.2)],
    [["leakyRelu", 0], init.calculate_gain("leaky_relu", 0)],
]


def layer(build, make):
    """Bounds in the order of the parameters; what is not drawn has its one value."""
    made, calls = draws(make)
    parameters = {}
    for name, parameter in made.named_parameters():
        call = next((c for c in calls if c["shape"] == list(parameter.shape)), None)
        if call is None:
            value = parameter.flatten()[0].item()
            assert (parameter == value).all()
            call = {"shape": list(parameter.shape), "constant": value}
        else:
            calls.remove(call)
        parameters[name] = call
    return {"build": build, "parameters": parameters}


layers = [
    layer("nn.linear(3, 5)", lambda: nn.Linear(3, 5)),
    layer("nn.linear(784, 10, { bias: false })", lambda: nn.Linear(784, 10, bias=False)),
    layer("nn.conv1d(2, 3, 5)", lambda: nn.Conv1d(2, 3, 5)),
    layer("nn.conv2d(3, 8, [5, 3])", lambda: nn.Conv2d(3, 8, (5, 3))),
    layer("nn.conv2d(4, 8, 3, { groups: 2 })", lambda: nn.Conv2d(4, 8, 3, groups=2)),
    layer("nn.conv3d(2, 4, [1, 2, 3], { groups: 2 })", lambda: nn.Conv3d(2, 4, (1, 2, 3), groups=2)),
    layer("nn.convTranspose1d(4, 6, 3)", lambda: nn.ConvTranspose1d(4, 6, 3)),
    layer("nn.convTranspose2d(4, 6, [2, 3])", lambda: nn.ConvTranspose2d(4, 6, (2, 3))),
    layer("nn.convTranspose2d(4, 6, 3, { groups: 2 })", lambda: nn.ConvTranspose2d(4, 6, 3, groups=2)),
    layer("nn.convTranspose3d(2, 3, 2)", lambda: nn.ConvTranspose3d(2, 3, 2)),
    layer("nn.embedding(7, 4)", lambda: nn.Embedding(7, 4)),
    layer("nn.batchNorm1d(3)", lambda: nn.BatchNorm1d(3)),
    layer("nn.batchNorm2d(3)", lambda: nn.BatchNorm2d(3)),
    layer("nn.batchNorm3d(3)", lambda: nn.BatchNorm3d(3)),
    layer("nn.layerNorm([3, 4])", lambda: nn.LayerNorm([3, 4])),
    layer("nn.prelu(2)", lambda: nn.PReLU(2)),
]

def orthogonal(shape, gain):
    """Whether the rows or the columns of the matrix [out, the rest] are orthogonal and of length gain."""
    matrix = init.orthogonal_(torch.empty(shape), gain).flatten(1)
    rows = torch.allclose(matrix @ matrix.T, gain**2 * torch.eye(shape[0]), atol=1e-5)
    columns = torch.allclose(matrix.T @ matrix, gain**2 * torch.eye(matrix.shape[1]), atol=1e-5)
    assert rows or columns
    return {"shape": shape, "gain": gain, "rows": rows, "columns": columns}


golden = {
    "torch": torch.__version__,
    "fans": [[shape, *init._calculate_fan_in_and_fan_out(torch.empty(shape))] for shape in shapes],
    "gains": gains,
    "initialisers": initialisers,
    "orthogonal": [
        orthogonal(shape, gain)
        for shape in ([5, 12], [12, 5], [6, 6], [4, 2, 3, 3], [16, 1, 2, 2], [1, 7])
        for gain in (1.0, 5 / 3)
    ],
    "layers": layers,
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
