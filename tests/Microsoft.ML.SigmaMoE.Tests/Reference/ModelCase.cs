using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A whole network in use, over several segments with memory carried over, and with other memories.</summary>
internal static class ModelCase
{
    public static void Run(ReferenceCase reference)
    {
        var model = CaseOptions.Model(reference.Settings);
        CheckSegments(reference, model, "out");
        foreach (var variant in reference.Config.GetProperty("variants").EnumerateArray())
        {
            CheckSegments(reference, Changed(model, variant), variant.GetProperty("prefix").GetString()!);
        }
    }

    public static TransformerNetwork Build(ReferenceCase reference, ModelOptions model)
    {
        reference.Settings.Require("v_dim", $"{model.ModelSize}");
        var network = new TransformerNetwork(
            model,
            CaseOptions.FeedForward(reference.Settings),
            reference.Settings.Int("vocab_size"),
            ScalarType.Float32,
            new Randomness(1));
        CaseWeights.Load(reference, network);
        Assert.Equal(
            reference.Config.GetProperty("n_params").GetInt64(), network.parameters().Sum(weight => weight.numel()));
        return network;
    }

    private static ModelOptions Changed(ModelOptions model, JsonElement variant) => model with
    {
        EvaluationMemoryLength = model.SegmentLength * CaseSettings.Of(variant).IntOr(1, "memory_segments_eval"),
        SameLengthEvaluation = CaseSettings.Of(variant).FlagOr(false, "same_length_eval"),
    };

    private static void CheckSegments(ReferenceCase reference, ModelOptions model, string prefix)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var network = Build(reference, model);
        using var memory = new SegmentMemory(model.EffectiveEvaluationMemoryLength);
        network.eval();
        var tokens = reference["in.tokens"]; // [segment, time + 1, batch]
        for (var segment = 0; segment < tokens.shape[0]; segment++)
        {
            var rows = tokens[segment].t();                                                     // [batch, time + 1]
            var (read, next) = (rows.narrow(1, 0, rows.shape[1] - 1), rows.narrow(1, 1, rows.shape[1] - 1));
            var logits = network.Logits(network.Forward(read, memory).Hidden);                  // [batch, time, V]
            var nll = -logits.log_softmax(-1).gather(2, next.unsqueeze(-1)).squeeze(-1);        // [batch, time]
            reference.Compare(
                reference[$"{prefix}.logits"][segment].transpose(0, 1), logits, Tolerances.Forward, $"{prefix}.logits");
            reference.Compare(reference[$"{prefix}.nll"][segment].t(), nll, Tolerances.Forward, $"{prefix}.nll");
        }

        CheckMemory(reference, memory, prefix);
    }

    private static void CheckMemory(ReferenceCase reference, SegmentMemory memory, string prefix)
    {
        foreach (var (layer, remembered) in memory.Layers.Index())
        {
            if (reference.Has($"{prefix}.memory.{layer}"))
            {
                reference.Check($"{prefix}.memory.{layer}", remembered, Tolerances.Forward);
            }
        }
    }
}
