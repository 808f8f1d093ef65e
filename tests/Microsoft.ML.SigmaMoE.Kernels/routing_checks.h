// Routers' choices against a full sort.
#pragma once
#include "layer.h"

typedef void (*RouteKernel)(const float*, const float*, const float*, float, int, int, int, long long*, int*, float*, int*);
typedef void (*GradientKernel)(const float*, const int*, const float*, const float*, float*, int, int, int);

struct Route { const char* name; Scoring scoring; RouteKernel kernel; GradientKernel gradient; };
inline const Route routes[] = {
    {"route_sigmoid", SIGMOID, route_sigmoid, route_gradient_sigmoid},
    {"route_softmax", SOFTMAX, route_softmax, route_gradient_softmax},
    {"route_softmax_chosen", SOFTMAX_CHOSEN, route_softmax_chosen, route_gradient_softmax_chosen},
};

// One token: what its experts weigh where they are not dropped, and in which order they are chosen.
struct Token {
    std::vector<double> values;
    std::vector<bool> dropped;
    std::vector<int> order;

    Token(const Route& route, const float* logits, const float* scores, const float* drawn, float dropout, int experts)
        : values(experts), dropped(experts), order(experts)
    {
        double largest = *std::max_element(logits, logits + experts), total = 0;
        for (int e = 0; e < experts; e++) total += std::exp(logits[e] - largest);
        for (int e = 0; e < experts; e++)
        {
            values[e] = route.scoring == SIGMOID ? 1 / (1 + std::exp(-(double)logits[e])) : std::exp(logits[e] - largest) / total;
            dropped[e] = drawn[e] < dropout;
        }
        // scores that differ by less than the rounding of float32 may come in either order: logits decide, they are exact
        const float* exact = scores ? scores : logits;
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
            return dropped[a] != dropped[b] ? dropped[b] : !dropped[a] && exact[a] > exact[b];
        });
    }

    void check(const Route& route, bool has_scores, const int* chosen, const float* weights, int active) const
    {
        double total = 0;
        for (int k = 0; k < active; k++) total += values[order[k]];
        for (int k = 0; k < active; k++)
        {
            const double value = values[order[k]];
            checks::equal("choice", k, chosen[k], order[k]);
            checks::equal("weight", k, weights[k], route.scoring == SOFTMAX_CHOSEN ? value / total
                : dropped[order[k]] && !has_scores ? 0 : value);
        }
    }
};

// ∂/∂l of Σ_k weight_k · gates_k, by the rule of each scoring; the chosen experts stay chosen.
inline void check_route_gradient(
    const Problem& p, const Route& route, const std::vector<int>& chosen, const std::vector<float>& weights)
{
    const auto& s = p.sizes;
    auto by_logits = checks::unwritten<float>(p.logits.size());
    emulator::launch((s.tokens + 7) / 8, 256, 0, [&] {
        route.gradient(
            p.logits.data(), chosen.data(), weights.data(), p.gates.data(), by_logits.data(), s.tokens, s.experts, s.active);
    });
    for (int n = 0; n < s.tokens; n++)
    {
        const float* logits = &p.logits[(size_t)n * s.experts];
        double total = 0, weighed = 0;
        for (int e = 0; e < s.experts; e++) total += std::exp((double)logits[e]);
        for (int k = 0; k < s.active; k++) weighed += (double)weights[n * s.active + k] * p.gates[n * s.active + k];
        for (int e = 0; e < s.experts; e++)
        {
            double w = 0, dw = 0;
            for (int k = 0; k < s.active; k++)
                if (chosen[n * s.active + k] == e) w = weights[n * s.active + k], dw = p.gates[n * s.active + k];
            const double wanted = route.scoring == SIGMOID ? w * (1 - w) * dw
                : route.scoring == SOFTMAX ? w * dw - std::exp((double)logits[e]) / total * weighed : w * (dw - weighed);
            checks::equal("by_logits", (size_t)n * s.experts + e, by_logits[(size_t)n * s.experts + e], wanted);
        }
    }
}

inline void check_route(const Problem& p, const Route& route, bool has_scores, float dropout)
{
    const auto& s = p.sizes;
    checks::context = std::string(s.name) + ", " + route.name;
    const float* scores = has_scores ? p.scores.data() : nullptr;
    Sorted sorted(s, 16);
    auto weights = checks::unwritten<float>(s.tokens * s.active);
    auto choices = checks::unwritten<long long>(s.tokens * s.active);
    emulator::launch(sorted.blocks, ROUTE_THREADS, BLOCK_TOKENS * s.active * 4, [&] {
        route.kernel(
            p.logits.data(), scores, dropout > 0 ? p.drawn.data() : nullptr, dropout, s.tokens, s.experts, s.active,
            choices.data(), sorted.chosen.data(), weights.data(), sorted.counts.data());
    });
    for (size_t slot = 0; slot < choices.size(); slot++) checks::equal("choice of libtorch", slot, choices[slot], sorted.chosen[slot]);
    for (int n = 0; n < s.tokens; n++)
    {
        const size_t row = (size_t)n * s.experts;
        const Token token(route, &p.logits[row], scores ? scores + row : nullptr, &p.drawn[row], dropout, s.experts);
        token.check(route, has_scores, &sorted.chosen[n * s.active], &weights[n * s.active], s.active);
    }
    check_route_gradient(p, route, sorted.chosen, weights);
    for (int block = 0; block < sorted.blocks; block++)
        for (int e = 0; e < s.experts; e++)
        {
            const auto begin = sorted.chosen.begin() + block * BLOCK_TOKENS * s.active;
            const auto end = sorted.chosen.begin() + std::min(s.tokens, (block + 1) * BLOCK_TOKENS) * s.active;
            checks::equal("counts", e, sorted.counts[block * s.experts + e], std::count(begin, end, e));
        }
}

// A number that is none must not lead to an expert that is none.
inline void check_not_a_number()
{
    checks::context = "logits that are not a number";
    const float nothing = NAN;
    const std::vector<float> logits{1, nothing, -INFINITY, 2, nothing, nothing, nothing, nothing};
    for (const auto& route : routes)
    {
        auto chosen = checks::unwritten<int>(4), counts = checks::unwritten<int>(8);
        auto weights = checks::unwritten<float>(4);
        auto choices = checks::unwritten<long long>(4);
        emulator::launch(1, ROUTE_THREADS, BLOCK_TOKENS * 2 * 4, [&] {
            route.kernel(logits.data(), nullptr, nullptr, 0, 2, 4, 2, choices.data(), chosen.data(), weights.data(), counts.data());
        });
        const bool all = route.scoring == SOFTMAX;           // its denominator makes a whole row no number
        const int wanted[] = {all ? 0 : 1, all ? 1 : 3, 0, 1};
        for (int i = 0; i < 4; i++) checks::equal("choice", i, chosen[i], wanted[i]);
    }
}

inline void check_routes(const Problem& problem)
{
    for (const auto& route : routes)
        for (float dropout : {0.f, 0.5f})
            for (bool has_scores : {false, true}) check_route(problem, route, has_scores, dropout);
    check_not_a_number();
}
