"""The counterpart of nnlab/start.ts."""

import json
import sys
import time

begin = time.perf_counter()
import torch
from torch.nn import functional as F

imported = time.perf_counter()
torch.set_num_threads(int(sys.argv[1]))
torch.zeros(64, 1, 28, 28).add(1)
ready = time.perf_counter()

from networks import NETWORKS

model = NETWORKS["LeNet-5"][0]()
images, labels = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    loss.item()


made = time.perf_counter()
step()
first = time.perf_counter()
for _ in range(50):
    step()
later = time.perf_counter()
stages = {"import": imported - begin, "ready": ready - imported, "first": first - made, "later": (later - first) / 50}
print(json.dumps({name: 1000 * seconds for name, seconds in stages.items()}))
