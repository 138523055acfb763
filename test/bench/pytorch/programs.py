"""The counterparts of nnlab/programs.ts."""

import torch
from networks import fill, pattern
from torch import nn
from torch.nn import functional as F


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.mean, self.log_variance = nn.Linear(784, 500), nn.Linear(500, 20), nn.Linear(500, 20)
        self.decoder, self.output = nn.Linear(20, 500), nn.Linear(500, 784)

    def forward(self, x):
        features = torch.tanh(self.encoder(x))
        mean, log_variance = self.mean(features), self.log_variance(features)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean) if self.training else mean
        return self.output(torch.tanh(self.decoder(z))), mean, log_variance

    def loss(self, x):
        output, mean, log_variance = self(x)
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
        return (F.binary_cross_entropy_with_logits(output, x, reduction="sum") + divergence) / len(x)


def variational_auto_encoder(batch):
    model = VAE()
    fill(model)
    images = pattern(batch * 784, 17).abs().reshape(batch, 784)
    model.eval()
    with torch.no_grad():
        result = model.loss(images).item()
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

    def step():
        optimizer.zero_grad()
        loss = model.loss(images)
        loss.backward()
        optimizer.step()
        return loss.item()

    return result, step


def multilayer_perceptron(batch):
    x = pattern(batch * 784, 17).reshape(batch, 784)
    truth = F.one_hot((torch.arange(batch) * 7) % 10, 10).float()

    def weight(inputs, outputs, start):
        return (pattern(inputs * outputs, start) * (3 / inputs) ** 0.5).reshape(inputs, outputs).requires_grad_()

    parameters = [weight(784, 256, 0), torch.zeros(256).requires_grad_(), weight(256, 10, 1000), torch.zeros(10).requires_grad_()]

    def step():
        nonlocal parameters
        w1, b1, w2, b2 = parameters
        hidden = (x @ w1 + b1).clamp(min=0)
        logits = hidden @ w2 + b2
        shifted = logits - logits.amax(1, keepdim=True).detach()
        log_probabilities = shifted - shifted.exp().sum(1, keepdim=True).log()
        loss = (log_probabilities * truth).sum() / -batch
        slopes = torch.autograd.grad(loss, parameters)
        parameters = [(one - 0.01 * slope).detach().requires_grad_() for one, slope in zip(parameters, slopes)]
        return loss.item()

    return step(), step


PROGRAMS = {"VAE": variational_auto_encoder, "MLP from scratch": multilayer_perceptron}
