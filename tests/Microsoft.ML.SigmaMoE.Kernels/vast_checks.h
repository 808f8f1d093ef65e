// Tensors of more than 2^31 elements: three positions far out in memory that is reserved but hardly touched.
#pragma once
#include "layer.h"

template <class Tile> void check_far_positions(const Family<Tile>& f)
{
    typedef typename Tile::Element Element;
    checks::context = std::string("far positions, ") + f.name;
    constexpr int size = 16, hidden = 16;
    constexpr size_t tokens = 150'000'000, experts = 9'000'000, positions = 140'000'000;
    auto* x = checks::vast<Element>(tokens * size);
    auto* up = checks::vast<Element>(experts * hidden * size);
    auto* h = checks::vast<Element>(positions * hidden);
    auto* part = checks::vast<Element>(tokens * size);
    auto* y = checks::vast<float>(tokens * size);
    auto* slots = checks::vast<int>(positions);
    const int far_tokens[] = {149'999'999, 3, 140'000'001}, expert = 8'999'999, first = 139'999'900;
    for (int r = 0; r < 3; r++)
    {
        slots[first + r] = far_tokens[r];
        for (int d = 0; d < size; d++) x[(size_t)far_tokens[r] * size + d] = checks::rounded<Element>(1.f + r);
    }
    for (int i = 0; i < hidden * size; i++) up[(size_t)expert * hidden * size + i] = checks::rounded<Element>(0.5f);

    const RowTile tile{expert, first, first + 3, 0};
    const int one = 1;
    emulator::launch(1, Tile::THREADS, f.up_bytes, [&] {
        f.up(x, up, nullptr, h, slots, &tile, &one, 1, hidden, size, hidden, false);
    });
    emulator::launch(1, Tile::THREADS, f.down_bytes, [&] {
        f.down(h, up, nullptr, part, slots, &tile, &one, hidden, size, hidden, 0);
    });
    // the sum's last block owns the far tokens: as many blocks as leave every thread one element
    emulator::launch_last((int)(tokens * size / 2 / 256), 256, 0, [&] { f.sum_choices(part, y, tokens, 1, size, size); });

    // gates, dy = x, down = up: u = h = 8 (1 + r)
    auto* gates = checks::vast<float>(tokens);
    auto* by_gate = checks::vast<float>(tokens);
    auto* by_raw = checks::vast<Element>(positions * hidden);
    auto* gated = checks::vast<Element>(positions * hidden);
    for (int token : far_tokens) gates[token] = 2;
    emulator::launch(1, Tile::THREADS, f.hidden_bytes, [&] {
        f.hidden_gradient(x, up, h, nullptr, gates, by_raw, gated, by_gate, slots, &tile, &one, 1, hidden, size, hidden);
    });
    checks::equal("y", 0, y[(size_t)far_tokens[0] * size + 7], 64);
    for (int r = 0; r < 3; r++)
    {
        checks::equal("by_raw", r, by_raw[(size_t)(first + r) * hidden + 7], 16 * (1 + r));
        checks::equal("gated", r, gated[(size_t)(first + r) * hidden + 7], 16 * (1 + r));
        checks::equal("by_gate", r, by_gate[far_tokens[r]], 1024 * (1 + r) * (1 + r));
        checks::equal("hidden", r, h[(size_t)(first + r) * hidden + 7], 8 * (1 + r));
        checks::equal("part", r, part[(size_t)far_tokens[r] * size + 7], 64 * (1 + r));
    }
    munmap(x, tokens * size * sizeof(Element));
    munmap(up, experts * hidden * size * sizeof(Element));
    munmap(h, positions * hidden * sizeof(Element));
    munmap(part, tokens * size * sizeof(Element));
    munmap(y, tokens * size * sizeof(float));
    munmap(slots, positions * sizeof(int));
    munmap(gates, tokens * sizeof(float));
    munmap(by_gate, tokens * sizeof(float));
    munmap(by_raw, positions * hidden * sizeof(Element));
    munmap(gated, positions * hidden * sizeof(Element));
}
