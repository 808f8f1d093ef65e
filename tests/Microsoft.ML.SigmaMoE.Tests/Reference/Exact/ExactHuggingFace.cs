using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A model of the Hugging Face form as a test describes it; the names are those of its config.json.</summary>
internal sealed record HuggingFaceSpec
{
    public int DModel { get; init; } = 20;

    public int Heads { get; init; } = 2;

    public int Layers { get; init; } = 3;

    public int Sparse { get; init; } = 3;

    public int Vocabulary { get; init; } = 23;

    public int DFf { get; init; } = 15;

    public double RotaryFactor { get; init; } = 0.4;

    public double Theta { get; init; } = 700;

    public double Epsilon { get; init; } = 1e-4;

    public bool Normalizes { get; init; }

    public bool IsTied { get; init; }

    public string ActivationName { get; init; } = "gelu_new";

    public MixtureOfExpertsOptions Mixture { get; init; } =
        new() { ExpertCount = 6, ExpertSize = 5, ActiveExperts = 2 };

    public int HeadSize => DModel / Heads;

    /// <summary>Gets whether a layer has experts: every n-th, n the layers over the sparse ones, rounded up.</summary>
    public bool IsSparse(int layer) => Sparse > 0 && layer % ((Layers + Sparse - 1) / Sparse) == 0;
}

/// <summary>
/// The Hugging Face form by its formulas, float64: rotary attention, experts or dense blocks, no memory.
/// </summary>
internal sealed class ExactHuggingFace(HuggingFaceSpec spec, IReadOnlyDictionary<string, Tensor> weights)
{
    /// <summary>Gets the residual stream after the first layer.</summary>
    public Tensor? AfterFirst { get; private set; }

    /// <summary>Gets what each layer's experts gave; null for dense layers.</summary>
    public List<ExactOutput?> Blocks { get; } = [];

    /// <summary>Computes [batch, time, V].</summary>
    public Tensor Logits(Tensor ids)
    {
        var embedding = weights["model.embed_tokens.weight"];
        var hidden = embedding.index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], -1);
        for (var layer = 0; layer < spec.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            hidden += Attend(Normalise(hidden, $"{prefix}norm1"), $"{prefix}self_attn.");
            hidden += Block(layer, Normalise(hidden, $"{prefix}norm2"), $"{prefix}mlp.ff.");
            AfterFirst ??= hidden;
        }

        var matrix = spec.IsTied ? embedding : weights["lm_head.weight"];
        return matmul(Normalise(hidden, "model.final_layernorm"), matrix.t()) + weights["lm_head.bias"];
    }

    private Tensor Attend(Tensor x, string prefix)
    {
        var all = Linear(x, $"{prefix}query_key_value").view(x.shape[0], x.shape[1], spec.Heads, 3, spec.HeadSize);
        var (q, k, v) = (all.select(3, 0), all.select(3, 1), all.select(3, 2)); // [batch, time, heads, head]
        if (spec.Normalizes)
        {
            (q, k) = (Normalise(q, $"{prefix}q_layernorm"), Normalise(k, $"{prefix}k_layernorm"));
        }

        var logits = einsum("bihc,bjhc->bhij", Rotate(q), Rotate(k)) / Math.Sqrt(spec.HeadSize);
        var later = ones(x.shape[1], x.shape[1], dtype: @bool).triu(1);
        var probabilities = logits.Fill(later, double.NegativeInfinity).softmax(-1);
        return Linear(einsum("bhij,bjhc->bihc", probabilities, v).flatten(2), $"{prefix}dense");
    }

    // numbers i and i + rot / 2 turn together by place · θ^(−2i / rot)
    private Tensor Rotate(Tensor x)
    {
        var half = (int)(spec.RotaryFactor * spec.HeadSize) / 2;
        var powers = arange(half, dtype: float64) * (-Math.Log(spec.Theta) / half);
        var angles = (arange(x.shape[1], dtype: float64).unsqueeze(1) * powers.exp()).unsqueeze(1);  // [time, 1, half]
        var (first, second) = (x.narrow(-1, 0, half), x.narrow(-1, half, half));
        var rest = x.narrow(-1, 2 * half, spec.HeadSize - 2 * half);
        return cat(
            [first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin(), rest], -1);
    }

    private Tensor Block(int layer, Tensor x, string prefix)
    {
        if (!spec.IsSparse(layer))
        {
            Blocks.Add(null);
            return Linear(ExactActivation.Apply(spec.Mixture.Activation, Linear(x, $"{prefix}wi")), $"{prefix}wo");
        }

        var names = new Dictionary<string, Tensor> { ["expert_sel"] = weights[$"{prefix}expert_sel.weight"] };
        foreach (var name in new[] { "keys", "values", "bias", "o_bias" }.Where(name => weights.ContainsKey(prefix + name)))
        {
            names[name] = weights[prefix + name];
        }

        Blocks.Add(ExactMixture.Compute(spec.Mixture, names, x, training: false, null));
        return Blocks[^1]!.Y.view(x.shape);
    }

    private Tensor Linear(Tensor x, string name) => weights.TryGetValue($"{name}.bias", out var bias)
        ? matmul(x, weights[$"{name}.weight"].t()) + bias
        : matmul(x, weights[$"{name}.weight"].t());

    private Tensor Normalise(Tensor x, string name)
    {
        var centred = x - x.mean([-1L], keepdim: true);
        var deviation = (centred.pow(2).mean([-1L], keepdim: true) + spec.Epsilon).sqrt();
        return centred / deviation * weights[$"{name}.weight"] + weights[$"{name}.bias"];
    }
}
