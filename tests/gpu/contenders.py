"""Times what the kernels are compared with where Python has torch: torch._grouped_mm, and the authors' Triton layer if
AUTHORS_LAYER names a folder that holds its package moe_layer (triton_src of their repository moe_layer). bf16, forward and
backward, CUDA events, the median of several runs with other tokens each; a contender whose numbers are wrong has no time.
Exit code 77: there is nothing to measure with here; 1: a contender was wrong."""

import os
import sys

try:
    import torch
except ImportError:
    print("there is no torch in this Python")
    sys.exit(77)

WARMUPS, REPETITIONS, TOKENS, ACTIVE = 3, 10, 32768, 4
SHAPES = [(512, e, 128) for e in (8, 16, 32, 64, 128, 256)] + [(512, 32, g) for g in (64, 256, 512)]
SHAPES += [(412, 16, 128), (412, 128, 128), (1024, 32, 128)]


def median_ms(device, draw, step):
    times = []
    for _ in range(WARMUPS + REPETITIONS):
        inputs = draw()
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        step(inputs)
        end.record()
        torch.cuda.synchronize(device)
        times.append(start.elapsed_time(end))
    return sorted(times[WARMUPS:])[REPETITIONS // 2]


def wrong(y, wanted):
    """The largest difference over the largest number, where that is more than bf16 explains."""
    off = ((y.float() - wanted).abs().max() / wanted.abs().max().clamp(min=1)).item()
    return None if off <= 2e-2 else f"off by {off:.3g}"


def by_token(x, gates, experts, up, down):
    """The formula for a few tokens in float32; up and down are [experts, size, d_model]."""
    rows = []
    for n in range(x.size(0)):
        hidden = torch.relu(up[experts[n]].float() @ x[n].float()) * gates[n].float().unsqueeze(1)
        rows.append((hidden.unsqueeze(1) @ down[experts[n]].float()).sum((0, 1)))
    return torch.stack(rows)


def grouped(x, gates, experts, up, down):
    chosen, order = experts.flatten().sort(stable=True)
    ends = torch.searchsorted(chosen, torch.arange(1, up.size(0) + 1, device=x.device)).int()
    tokens = order.div(experts.size(1), rounding_mode="floor")
    hidden = torch.relu(torch._grouped_mm(x.index_select(0, tokens), up.transpose(1, 2), offs=ends))
    part = torch._grouped_mm(hidden * gates.flatten().index_select(0, order).unsqueeze(1), down, offs=ends)
    return torch.zeros_like(x).index_add(0, tokens, part)


def measure_grouped(device, d_model, experts, size):
    width = (d_model + 7) // 8 * 8            # rows of a multiple of 16 bytes
    leaf = lambda *shape: (torch.randn(shape, device=device) * 0.05).bfloat16().requires_grad_()
    up, down, gates = leaf(experts, size, width), leaf(experts, size, width), leaf(TOKENS, ACTIVE)
    arriving = torch.randn(TOKENS, width, device=device).bfloat16()
    choose = lambda: torch.rand(TOKENS, experts, device=device).topk(ACTIVE, dim=-1).indices
    x, chosen = leaf(TOKENS, width), choose()
    with torch.no_grad():
        fault = wrong(grouped(x, gates, chosen, up, down)[:64], by_token(x[:64], gates[:64], chosen[:64], up, down))
    return fault or median_ms(
        device, lambda: (leaf(TOKENS, width), choose()), lambda i: grouped(i[0], gates, i[1], up, down).backward(arriving))


def measure_authors(device, d_model, experts, size):
    from moe_layer import MoE

    layer = MoE(d_model, experts, size, ACTIVE).to(device)
    arriving = torch.randn(64, TOKENS // 64, d_model, device=device)
    draw = lambda: torch.randn(64, TOKENS // 64, d_model, device=device, requires_grad=True)

    def step(x):
        with torch.autocast("cuda", torch.bfloat16):
            y = layer(x)[0]
        y.backward(arriving.to(y.dtype))
        return y

    x = draw()
    y = step(x).detach().flatten(0, 1)[:64]
    with torch.no_grad():
        few = x.flatten(0, 1)[:64]
        gates, chosen = torch.sigmoid(few @ layer.expert_sel.t()).topk(ACTIVE, dim=-1)
        fault = wrong(y, by_token(few, gates, chosen, layer.keys.transpose(1, 2), layer.values))
    return fault or median_ms(device, draw, step)


def main():
    if not torch.cuda.is_available():
        print(f"torch {torch.__version__} finds no GPU")
        return 77
    contenders = [("torch._grouped_mm", measure_grouped)] if hasattr(torch, "_grouped_mm") else []
    if os.environ.get("AUTHORS_LAYER"):
        sys.path.insert(0, os.environ["AUTHORS_LAYER"])
        contenders.append(("the authors' Triton layer, with its router", measure_authors))
    if not contenders:
        print(f"torch {torch.__version__} has no _grouped_mm, and AUTHORS_LAYER is not set")
        return 77
    device, failures = torch.device("cuda", torch.cuda.current_device()), 0
    print(f"torch {torch.__version__} on {torch.cuda.get_device_name(device)}")
    for d_model, experts, size in SHAPES:
        for name, measure in contenders:
            try:
                result = measure(device, d_model, experts, size)
            except Exception as fault:  # whichever library refuses: the next one is measured all the same
                result = f"{type(fault).__name__}: {str(fault).splitlines()[0] if str(fault) else ''}"
            failures += isinstance(result, str)
            text = f"FAILED: {result}" if isinstance(result, str) else f"{result:.4g} ms forward + backward"
            print(f"d_model {d_model}, E {experts}, G {size}, K {ACTIVE}, {TOKENS} tokens | {name} | {text}", flush=True)
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
