using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Our names and layouts of weights beside those of the authors' checkpoints, as one table. Files hold the authors'
/// names and layouts, so that whatever reads the authors' checkpoints reads ours.
/// </summary>
internal static class WeightNames
{
    /// <summary>Gets the whole table.</summary>
    public static IReadOnlyList<WeightRow> Table { get; } =
    [
        new("embedding", "embedding.weight"),
        new("layers.#.attention.scale", "layers.#.self_attn.scale"),
        new("layers.#.attention.unused_bias", "layers.#.self_attn.s_bias"),
        new("layers.#.attention.content_bias", "layers.#.self_attn.global_content_bias"),
        new("layers.#.attention.position_bias", "layers.#.self_attn.global_pos_bias"),
        new("layers.#.attention.query", "layers.#.self_attn.data_to_q.weight"),
        new("layers.#.attention.key_value", "layers.#.self_attn.data_to_kv.weight"),
        new("layers.#.attention.position", "layers.#.self_attn.pos_to_pq.weight"),
        new("layers.#.attention.merge", "layers.#.self_attn.multi_head_merge.weight"),
        new("layers.#.attention.query_key_value", "layers.#.self_attn.query_key_value.weight"),
        new("layers.#.attention.query_key_value_bias", "layers.#.self_attn.query_key_value.bias"),
        new("layers.#.attention.merge_bias", "layers.#.self_attn.multi_head_merge.bias"),
        new("layers.#.attention.query_norm.weight", "layers.#.self_attn.q_layernorm.weight"),
        new("layers.#.attention.query_norm.bias", "layers.#.self_attn.q_layernorm.bias"),
        new("layers.#.attention.key_norm.weight", "layers.#.self_attn.k_layernorm.weight"),
        new("layers.#.attention.key_norm.bias", "layers.#.self_attn.k_layernorm.bias"),
        new("layers.#.attention_norm.weight", "layers.#.norm1.weight"),
        new("layers.#.attention_norm.bias", "layers.#.norm1.bias"),
        new("layers.#.feed_forward_norm.weight", "layers.#.norm2.weight"),
        new("layers.#.feed_forward_norm.bias", "layers.#.norm2.bias"),
        new("layers.#.feed_forward.up", "layers.#.linear1.weight"),
        new("layers.#.feed_forward.up_bias", "layers.#.linear1.bias"),
        new("layers.#.feed_forward.down", "layers.#.linear2.weight"),
        new("layers.#.feed_forward.down_bias", "layers.#.linear2.bias"),
        new("layers.#.feed_forward.first_keys", "layers.#.pkm.keys.0"),
        new("layers.#.feed_forward.second_keys", "layers.#.pkm.keys.1"),
        new("layers.#.feed_forward.values", "layers.#.pkm.values.weight"),
        new("layers.#.feed_forward.query", "layers.#.pkm.query_proj.weight"),
        new("layers.#.feed_forward.expert_up", "layers.#.pkm.keys", Transposed: true),
        new("layers.#.feed_forward.expert_down", "layers.#.pkm.values"),
        new("layers.#.feed_forward.expert_bias", "layers.#.pkm.bias"),
        new("layers.#.feed_forward.output_bias", "layers.#.pkm.o_bias"),
        new("layers.#.feed_forward.router.selection", "layers.#.pkm.expert_sel"),
        new("layers.#.feed_forward.router.noise", "layers.#.pkm.expert_noise"),     // the authors have no such routers
        new("layers.#.feed_forward.router.bias", "layers.#.pkm.expert_loss_free_bias"),
        new("layers.#.feed_forward.router.*", "layers.#.pkm.router.*"),             // what a router of one's own has
        new("output_norm.weight", "out_norm.weight"),
        new("output_norm.bias", "out_norm.bias"),
        new("output", "output.weight"),
        new("output_bias", "output.bias"),
    ];

    /// <summary>Gets the table with its look-ups.</summary>
    public static WeightTable Authors { get; } = new(Table);

    /// <summary>Gets a weight of ours under its name and in its layout for a file. The tensor may be a view.</summary>
    /// <exception cref="KeyNotFoundException">The table has no such weight.</exception>
    public static (string Name, Tensor Tensor) ToAuthors(string name, Tensor weight) => Authors.ToFile(name, weight);

    /// <summary>Gets the name that a weight of ours has in a file.</summary>
    public static string ToAuthors(string name) => Authors.ToFile(name);

    /// <summary>
    /// Brings a file's tensor into our layout of the weight called <paramref name="name"/>. May be a view.
    /// </summary>
    public static Tensor FromAuthors(string name, Tensor stored) => Authors.FromFile(name, stored);

    /// <summary>
    /// Gets whether a file's tensor is no weight: the authors' checkpoints hold a counter that only their logging
    /// reads.
    /// </summary>
    public static bool IsIgnored(string authorsName) =>
        authorsName.EndsWith(".kv_sel_counts_100", StringComparison.Ordinal);
}
