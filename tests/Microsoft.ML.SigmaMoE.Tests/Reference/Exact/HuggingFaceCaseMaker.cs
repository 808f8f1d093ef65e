using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Makes cases of kind "hf-model": a folder as transformers saves one, and what the model computes.</summary>
internal static class HuggingFaceCaseMaker
{
    private const double Size = 0.3;

    /// <summary>Writes a case, with the first seed whose choices are clear.</summary>
    public static void Write(string folder, HuggingFaceSpec spec, int batch, int time)
    {
        using var scope = NewDisposeScope();
        var margin = 0.0;
        for (var seed = 1; margin < ExactMargin.Least; seed++)
        {
            var tensors = new CaseTensors(seed);
            var weights = Weights(spec, tensors);
            margin = Compute(spec, tensors, weights, tensors.Tokens(spec.Vocabulary, batch * time).view(batch, time));
            CaseFolder.Write(folder, Config(spec), tensors);
            SafeTensorsFile.Write(
                Path.Combine(folder, "model.safetensors"),
                weights.Select(weight => (weight.Key, weight.Value.to(float32))));
            var count = weights.Values.Sum(weight => weight.numel());
            var facts = new JsonObject { ["kind"] = "hf-model", ["seed"] = seed, ["n_params"] = count };
            File.WriteAllText(Path.Combine(folder, "case.json"), facts.ToJsonString());
        }
    }

    private static double Compute(
        HuggingFaceSpec spec, CaseTensors tensors, Dictionary<string, Tensor> weights, Tensor ids)
    {
        var model = new ExactHuggingFace(spec, weights);
        var logits = model.Logits(ids);
        var losses = ExactModel.Loss(logits.narrow(1, 0, ids.shape[1] - 1), ids.narrow(1, 1, ids.shape[1] - 1));
        var balancing = model.Blocks.Select(
            block => block is null ? zeros([], dtype: float64) : ExactMixture.NegativeEntropy(block.Logits!));
        tensors.Add("in.input_ids", ids);
        tensors.Add("out.logits", logits);
        tensors.Add("out.nll", losses);
        tensors.Add("out.loss", losses.mean().view(1));
        tensors.Add("out.reg_loss_per_layer", stack(balancing));
        tensors.Add("out.hidden_layer0_output", model.AfterFirst!);
        return model.Blocks.OfType<ExactOutput>().Select(block => ExactMargin.Of(spec.Mixture, block)).Append(1).Min();
    }

    private static Dictionary<string, Tensor> Weights(HuggingFaceSpec spec, CaseTensors tensors)
    {
        var (size, weights) = ((long)spec.DModel, new Dictionary<string, Tensor>());
        void Add(string name, params long[] shape) =>
            weights.Add(name, (name.Contains("norm", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal)
                ? tensors.Normal(Size, shape) + 1 : tensors.Normal(Size, shape)).to(float32).to(float64));
        void AddBoth(string name, bool hasBias, params long[] shape)
        {
            Add($"{name}.weight", shape);
            if (hasBias)
            {
                Add($"{name}.bias", shape[0]);
            }
        }

        Add("model.embed_tokens.weight", spec.Vocabulary, size);
        AddBoth("model.final_layernorm", true, size);
        for (var layer = 0; layer < spec.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            AddBoth($"{prefix}norm1", true, size);
            AddBoth($"{prefix}norm2", true, size);
            AddBoth($"{prefix}self_attn.query_key_value", true, 3 * size, size);
            AddBoth($"{prefix}self_attn.dense", true, size, size);
            if (spec.Normalizes)
            {
                AddBoth($"{prefix}self_attn.q_layernorm", true, spec.HeadSize);
                AddBoth($"{prefix}self_attn.k_layernorm", true, spec.HeadSize);
            }

            AddBlock(spec, layer, $"{prefix}mlp.ff.", Add, AddBoth);
        }

        Add("lm_head.bias", spec.Vocabulary);
        if (!spec.IsTied)
        {
            Add("lm_head.weight", spec.Vocabulary, size);
        }

        return weights;
    }

    private static void AddBlock(
        HuggingFaceSpec spec, int layer, string prefix,
        Action<string, long[]> add, Action<string, bool, long[]> addBoth)
    {
        var (size, mixture) = ((long)spec.DModel, spec.Mixture);
        if (!spec.IsSparse(layer))
        {
            addBoth($"{prefix}wi", mixture.Bias, [spec.DFf, size]);
            addBoth($"{prefix}wo", mixture.Bias, [size, spec.DFf]);
            return;
        }

        add($"{prefix}expert_sel.weight", [mixture.ExpertCount, size]);
        add($"{prefix}keys", [mixture.ExpertCount, size, mixture.ExpertSize]);
        add($"{prefix}values", [mixture.ExpertCount, mixture.ExpertSize, size]);
        if (mixture.Bias)
        {
            add($"{prefix}bias", [mixture.ExpertCount, mixture.ExpertSize]);
            add($"{prefix}o_bias", [size]);
        }
    }

    private static JsonObject Config(HuggingFaceSpec spec) => new()
    {
        ["architectures"] = new JsonArray("SigmaMoEForCausalLM"),
        ["model_type"] = "sigma-moe",
        ["vocab_size"] = spec.Vocabulary,
        ["d_model"] = spec.DModel,
        ["d_ff"] = spec.DFf,
        ["num_hidden_layers"] = spec.Layers,
        ["num_attention_heads"] = spec.Heads,
        ["num_sparse_hidden_layers"] = spec.Sparse,
        ["activation"] = spec.ActivationName,
        ["layer_norm_eps"] = spec.Epsilon,
        ["tie_word_embeddings"] = spec.IsTied,
        ["rope_theta"] = spec.Theta,
        ["partial_rotary_factor"] = spec.RotaryFactor,
        ["qk_layernorm"] = spec.Normalizes,
        ["n_experts"] = spec.Mixture.ExpertCount,
        ["expert_size"] = spec.Mixture.ExpertSize,
        ["top_k_experts"] = spec.Mixture.ActiveExperts,
        ["selection_mode"] = spec.Mixture.Router is SigmoidRouterOptions ? "sigmoid" : "softmax",
        ["activation_after_topk"] = spec.Mixture.Router is SoftmaxAfterTopKRouterOptions,
        ["moe_bias"] = spec.Mixture.Bias,
    };
}
