namespace Microsoft.ML.SigmaMoE;

/// <summary>Our names and layouts of weights beside those of the Hugging Face form, SigmaMoEForCausalLM.</summary>
internal static class HuggingFaceNames
{
    /// <summary>What begins the names of the feed-forward block of layer #.</summary>
    public const string Block = "model.layers.#.mlp.ff.";

    /// <summary>Gets the table.</summary>
    public static WeightTable Table { get; } = new(
    [
        new("embedding", "model.embed_tokens.weight"),
        new("layers.#.attention.query_key_value", "model.layers.#.self_attn.query_key_value.weight"),
        new("layers.#.attention.query_key_value_bias", "model.layers.#.self_attn.query_key_value.bias"),
        new("layers.#.attention.merge", "model.layers.#.self_attn.dense.weight"),
        new("layers.#.attention.merge_bias", "model.layers.#.self_attn.dense.bias"),
        new("layers.#.attention.query_norm.weight", "model.layers.#.self_attn.q_layernorm.weight"),
        new("layers.#.attention.query_norm.bias", "model.layers.#.self_attn.q_layernorm.bias"),
        new("layers.#.attention.key_norm.weight", "model.layers.#.self_attn.k_layernorm.weight"),
        new("layers.#.attention.key_norm.bias", "model.layers.#.self_attn.k_layernorm.bias"),
        new("layers.#.attention_norm.weight", "model.layers.#.norm1.weight"),
        new("layers.#.attention_norm.bias", "model.layers.#.norm1.bias"),
        new("layers.#.feed_forward_norm.weight", "model.layers.#.norm2.weight"),
        new("layers.#.feed_forward_norm.bias", "model.layers.#.norm2.bias"),
        new("layers.#.feed_forward.up", $"{Block}wi.weight"),
        new("layers.#.feed_forward.up_bias", $"{Block}wi.bias"),
        new("layers.#.feed_forward.down", $"{Block}wo.weight"),
        new("layers.#.feed_forward.down_bias", $"{Block}wo.bias"),
        new("layers.#.feed_forward.expert_up", $"{Block}keys", Transposed: true),
        new("layers.#.feed_forward.expert_down", $"{Block}values"),
        new("layers.#.feed_forward.expert_bias", $"{Block}bias"),
        new("layers.#.feed_forward.output_bias", $"{Block}o_bias"),
        new("layers.#.feed_forward.router.selection", $"{Block}expert_sel.weight"),
        new("output_norm.weight", "model.final_layernorm.weight"),
        new("output_norm.bias", "model.final_layernorm.bias"),
        new("output", "lm_head.weight"),
        new("output_bias", "lm_head.bias"),
    ]);
}
