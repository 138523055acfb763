"""What the golden scripts share: a case is an operation's name, its operands (shape, values and dtype), its options as nnlab
takes them, the output, and the gradients of sum(output * weights), weights being cos(i) + 0.2 over the flattened output.
"""
import json
import torch

cases = []
dtypes = {torch.float32: "float32", torch.int64: "int32", torch.bool: "bool"}


def pack(t):
    return {"shape": list(t.shape), "values": [float(v) for v in t.detach().flatten()]}


def case(op, operands, options, f, note=""):
    # Operands are float32 numbers, the computation is float64: the exact answer to what nnlab is asked.
    operands = [o.float() if o.is_floating_point() else o for o in operands]
    leaves = [o.double().requires_grad_() if o.is_floating_point() else o for o in operands]
    y = f(*leaves)
    w = torch.cos(torch.arange(y.numel(), dtype=torch.float64)).reshape(y.shape) + 0.2
    if y.requires_grad:
        (y * w).sum().backward()
    cases.append({
        "op": op, "note": note, "options": options,
        "operands": [dict(pack(o), dtype=dtypes[o.dtype]) for o in operands],
        "output": pack(y),
        "gradients": [pack(l.grad) if l.is_floating_point() and l.grad is not None else None for l in leaves],
    })


def finish():
    print(json.dumps({"torch": torch.__version__.split("+")[0], "cases": cases}))
