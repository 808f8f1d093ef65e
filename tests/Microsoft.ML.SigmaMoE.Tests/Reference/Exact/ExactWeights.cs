using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Random weights under the authors' names, none at its initial value.</summary>
internal static class ExactWeights
{
    private const double Size = 0.35;

    /// <summary>Draws a block's weights and keeps them in the case.</summary>
    public static Dictionary<string, Tensor> Block(
        FeedForwardOptions block, int modelSize, CaseTensors tensors, string prefix = "", int? outputSize = null) =>
        Draw(tensors, [.. Shapes(block, modelSize, outputSize ?? modelSize).Select(weight => (prefix + weight.Name, weight.Shape))]);

    /// <summary>Draws the weights of one attention.</summary>
    public static Dictionary<string, Tensor> Attention(ModelOptions model, CaseTensors tensors, string prefix = "") =>
        Draw(tensors, [.. Shapes(model).Select(weight => (prefix + weight.Name, weight.Shape))]);

    /// <summary>Draws the weights of a whole model.</summary>
    public static Dictionary<string, Tensor> Model(
        ModelOptions model, FeedForwardOptions block, int vocabulary, CaseTensors tensors)
    {
        var size = (long)model.ModelSize;
        var weights = Draw(
            tensors, ("embedding.weight", [vocabulary, size]), ("output.weight", [vocabulary, size]),
            ("output.bias", [vocabulary]));
        var mixtureOrMemory = block is MixtureOfExpertsOptions or ProductKeyMemoryOptions;
        for (var layer = 0; layer < model.LayerCount; layer++)
        {
            Join(weights, Attention(model, tensors, $"layers.{layer}.self_attn."));
            Join(
                weights,
                Block(block, model.ModelSize, tensors, mixtureOrMemory ? $"layers.{layer}.pkm." : $"layers.{layer}."));
            Join(weights, Norm(tensors, $"layers.{layer}.norm1.", size));
            Join(weights, Norm(tensors, $"layers.{layer}.norm2.", size));
        }

        return Join(weights, Norm(tensors, "out_norm.", size));
    }

    private static (string Name, long[] Shape)[] Shapes(FeedForwardOptions block, long size, long outputs) =>
        block switch
        {
            DenseOptions { HiddenSize: var width } => Layers(width, size),
            TopKOptions { HiddenSize: var width } => Layers(width, size),
            ProductKeyMemoryOptions { SubKeyCount: var n, HeadCount: var heads } =>
                [("keys.0", [heads, n, size / 2]), ("keys.1", [heads, n, size / 2]), ("values.weight", [(long)n * n, size])],
            MixtureOfExpertsOptions { ExpertCount: var e, ExpertSize: var g, Bias: var bias } =>
            [
                ("keys", [e, size, g]), ("values", [e, g, outputs]), ("expert_sel", [e, size]),
            .. bias ? new (string, long[])[] { ("bias", [e, g]), ("o_bias", [outputs]) } : [],
        ],
            _ => throw new NotSupportedException(block.GetType().Name),
        };

    private static (string Name, long[] Shape)[] Layers(long width, long size) =>
        [("linear1.weight", [width, size]), ("linear1.bias", [width]), ("linear2.weight", [size, width]), ("linear2.bias", [size])];

    private static (string Name, long[] Shape)[] Shapes(ModelOptions model)
    {
        var (size, heads, head) = ((long)model.ModelSize, (long)model.HeadCount, (long)model.EffectiveHeadSize);
        var all = heads * head;
        return
        [
            ("scale", [1]), ("s_bias", [1]), ("global_content_bias", [heads, head]), ("global_pos_bias", [heads, head]),
            ("pos_to_pq.weight", [all, size]), ("data_to_kv.weight", [2 * all, size]),
            ("data_to_q.weight", [all, size]),
            ("multi_head_merge.weight", [size, all]),
        ];
    }

    private static Dictionary<string, Tensor> Norm(CaseTensors tensors, string prefix, long size) =>
        Draw(tensors, ($"{prefix}weight", [size]), ($"{prefix}bias", [size]));

    private static Dictionary<string, Tensor> Draw(CaseTensors tensors, params (string Name, long[] Shape)[] weights) =>
        weights.ToDictionary(weight => weight.Name, weight => Draw(tensors, weight.Name, weight.Shape));

    // a normalisation's factors lie around 1, and an attention's scale above 0
    private static Tensor Draw(CaseTensors tensors, string name, long[] shape)
    {
        var drawn = tensors.Normal(Size, shape);
        var moved = name.Contains("norm", StringComparison.Ordinal)
            && name.EndsWith("weight", StringComparison.Ordinal) ? drawn + 1
            : name.Split('.')[^1] == "scale" ? drawn.abs() + 0.25
            : drawn;
        var kept = moved.to(float32).to(float64);
        tensors.Add($"param.{name}", kept);
        return kept.clone().requires_grad_(name.Split('.')[^1] != "s_bias");
    }

    private static Dictionary<string, Tensor> Join(Dictionary<string, Tensor> weights, Dictionary<string, Tensor> more)
    {
        more.ToList().ForEach(weight => weights.Add(weight.Key, weight.Value));
        return weights;
    }
}
