// The emulated kernels as a library that is asked as the driver is: a kernel's name, its grid and its arguments. The host's
// code can run on it from end to end. One launch at a time.
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels.h"

struct Entry {
    std::function<void(void**)> call;
    std::vector<size_t> sizes;
};

template <class... Arguments, size_t... I> Entry make_entry(void (*kernel)(Arguments...), std::index_sequence<I...>)
{
    return {[=](void** values) { kernel(*(Arguments*)values[I]...); }, {sizeof(Arguments)...}};
}

template <class... Arguments> Entry entry(void (*kernel)(Arguments...))
{
    return make_entry(kernel, std::index_sequence_for<Arguments...>());
}

#define ENTRY(name) {#name, entry(name)},
#define EXPERT_ENTRIES(suffix, threads, ...) \
    ENTRY(expert_up_##suffix) ENTRY(expert_down_##suffix) ENTRY(expert_hidden_gradient_##suffix) \
    ENTRY(expert_weight_gradient_##suffix)

static const std::map<std::string, Entry> entries{
    ENTRY(route_sigmoid) ENTRY(route_softmax) ENTRY(route_softmax_chosen) ENTRY(count_choices) ENTRY(scan_counts)
    ENTRY(route_gradient_sigmoid) ENTRY(route_gradient_softmax) ENTRY(route_gradient_softmax_chosen) ENTRY(gather_sum_float)
    ENTRY(gather_dots_float) ENTRY(gather_sum_bf16) ENTRY(gather_dots_bf16) ENTRY(gather_sum_f16) ENTRY(gather_dots_f16)
    ENTRY(scatter_sum) ENTRY(decode_up) ENTRY(decode_down) ENTRY(adamw) ENTRY(place_slots) ENTRY(list_tiles) ENTRY(to_bf16)
    ENTRY(to_f16) ENTRY(pad_rows) ENTRY(sum_parts) ENTRY(activate_bf16) ENTRY(activate_f16) ENTRY(activate_float)
    ENTRY(sum_choices_bf16) ENTRY(sum_choices_f16)
    ENTRY(sum_choices_float) ENTRY(expert_bias_gradient_bf16) ENTRY(expert_bias_gradient_f16)
    ENTRY(expert_bias_gradient_float) EXPERT_INSTANCES(EXPERT_ENTRIES)
};

// Returns the number of a kernel's arguments, or -1 where there is none of that name; writes the size of each.
extern "C" int describe_kernel(const char* name, int* sizes, int capacity)
{
    const auto found = entries.find(name);
    if (found == entries.end()) return -1;
    const int count = (int)found->second.sizes.size();
    for (int i = 0; i < count && i < capacity; i++) sizes[i] = (int)found->second.sizes[i];
    return count;
}

extern "C" int launch_kernel(const char* name, int blocks, int threads, int shared, void** arguments)
{
    const auto found = entries.find(name);
    if (found == entries.end()) return 1;
    emulator::launch(blocks, threads, shared, [&] { found->second.call(arguments); });
    return 0;
}
