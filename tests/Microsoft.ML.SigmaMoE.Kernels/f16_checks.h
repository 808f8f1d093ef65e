// What is f16's own: every number of it, what lies between two of them, and what lies beyond the largest.
#pragma once
#include "layer.h"

inline uint16_t bits_of(float value)
{
    float in[8] = {value};
    f16 out[8];
    emulator::launch(1, 256, 0, [&] { to_f16(in, out, 1, 8, 8); });
    return out[0].bits;
}

// Numbers of one sign are in the order of their bits, so the one after h is h + 1: a tie goes to the even of the two.
inline void check_f16_rounding()
{
    checks::context = "rounding to f16";
    constexpr int count = 0x7c00;                            // up to infinity
    std::vector<float> exact(count), middle(count), above(count);
    for (int h = 0; h < count; h++)
    {
        const float next = h + 1 < count ? emulator::widen_f16(h + 1) : 65536.f;
        exact[h] = emulator::widen_f16(h);
        middle[h] = exact[h] + (next - exact[h]) / 2;
        above[h] = std::nextafter(middle[h], next);
        if (!(exact[h] < next)) checks::fail("numbers are not in the order of their bits");
    }
    for (float sign : {1.f, -1.f})
    {
        auto check = [&](const char* name, std::vector<float> in, auto wanted)
        {
            for (auto& value : in) value *= sign;
            auto out = checks::unwritten<f16>(count);
            emulator::launch(3, 256, 0, [&] { to_f16(in.data(), out.data(), count / 8, 8, 8); });
            for (int h = 0; h < count; h++)
                checks::equal(name, h, (int)out[h].bits, wanted(h) | (sign < 0 ? 0x8000 : 0));
        };
        check("exact", exact, [](int h) { return h; });
        check("middle", middle, [](int h) { return h + h % 2; });
        check("above the middle", above, [](int h) { return h + 1; });
    }
    checks::equal("infinity", 0, (int)bits_of(INFINITY), 0x7c00);
    checks::equal("beyond the largest", 0, (int)bits_of(-1e30f), 0xfc00);
    checks::equal("not-a-number", 0, (int)((bits_of(NAN) & 0x7fff) > 0x7c00), 1);
}

// Hidden vectors and gradients that f16 has no room for are infinite, and so is what is made of them.
template <class Tile> void check_f16_overflow(const Family<Tile>& family)
{
    checks::context = "overflow of f16";
    Problem problem({"", 9, 8, 1, 8, 1, Spread::random, false});
    auto fill = [](std::vector<float>& values, float value) { std::fill(values.begin(), values.end(), value); };
    fill(problem.x, 256);
    fill(problem.up, 256);                                   // hidden: 8 · 2^16
    fill(problem.down, 1);
    fill(problem.gates, 1);
    fill(problem.dy, 60000);                                 // by_raw: 8 · 60,000
    Layer<Tile> layer(problem, family);
    layer.run(1);
    for (size_t i = 0; i < layer.hidden.size(); i++)
    {
        checks::equal("hidden", i, (int)layer.hidden[i].bits, 0x7c00);
        checks::equal("by_raw", i, (int)layer.by_raw[i].bits, 0x7c00);
    }
    for (float value : layer.y) checks::equal("finite outputs", 0, (int)std::isfinite(value), 0);
    for (float value : layer.by_x) checks::equal("finite gradients by x", 0, (int)std::isfinite(value), 0);
    for (float value : layer.by_down) checks::equal("finite gradients by down", 0, (int)std::isfinite(value), 0);
}
