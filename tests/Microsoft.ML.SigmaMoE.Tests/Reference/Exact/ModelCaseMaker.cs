using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Makes cases of kind "model-eval": several segments with memory carried over, and with other memories.
/// </summary>
internal static class ModelCaseMaker
{
    public static (JsonObject Config, CaseTensors Tensors, double Margin) Make(
        ModelOptions model, FeedForwardOptions block, int vocabulary, int batch, int segments, int seed)
    {
        var tensors = new CaseTensors(seed);
        var weights = ExactWeights.Model(model, block, vocabulary, tensors);
        var rows = Rows(tensors, vocabulary, batch, segments, model.SegmentLength); // [segment, batch, T + 1]
        var variants = new (string Prefix, ModelOptions Model)[]
        {
            ("out", model),
            ("out_ctx3", model with { EvaluationMemoryLength = 3 * model.SegmentLength }),
            ("out_same_length", model with { SameLengthEvaluation = true }),
        };
        using var quiet = no_grad();
        var margin = variants.Min(
            variant => AddSegments(tensors, variant.Prefix, new(variant.Model, block, weights), rows));
        return (Config(model, block, vocabulary, batch, weights), tensors, margin);
    }

    /// <summary>Cuts [batch, T + 1] out of a stream, row by row.</summary>
    public static Tensor Cut(Tensor tokens, int batch, int step, int stepsPerRow, int time) => stack(
        [.. Enumerable.Range(0, batch).Select(row => tokens.narrow(0, (row * stepsPerRow + step) * (long)time, time + 1))]);

    private static Tensor Rows(CaseTensors tensors, int vocabulary, int batch, int segments, int time)
    {
        var stream = tensors.Tokens(vocabulary, batch * segments * time + 1);
        var rows = stack([.. Enumerable.Range(0, segments).Select(step => Cut(stream, batch, step, segments, time))]);
        tensors.Add("in.tokens", rows.transpose(1, 2).contiguous());
        return rows;
    }

    private static double AddSegments(CaseTensors tensors, string prefix, ExactModel model, Tensor rows)
    {
        var (logits, losses, time) = (new List<Tensor>(), new List<Tensor>(), rows.shape[2] - 1);
        for (var segment = 0; segment < rows.shape[0]; segment++)
        {
            var (read, _) = model.Read(rows[segment].narrow(1, 0, time), training: false);
            logits.Add(read.transpose(0, 1));
            losses.Add(ExactModel.Loss(read, rows[segment].narrow(1, 1, time)).t());
        }

        tensors.Add($"{prefix}.logits", stack(logits).contiguous());
        tensors.Add($"{prefix}.nll", stack(losses).contiguous());
        foreach (var (layer, remembered) in model.Memory.Index())
        {
            tensors.Add($"{prefix}.memory.{layer}", remembered.contiguous());
        }

        return model.Margin;
    }

    private static JsonObject Config(
        ModelOptions model, FeedForwardOptions block, int vocabulary, int batch,
        Dictionary<string, Tensor> weights) => new()
        {
            ["kind"] = "model-eval",
            ["plain"] = CaseSetting.Plain(model, block, vocabulary, batch),
            ["n_params"] = weights.Values.Sum(weight => weight.numel()),
            ["variants"] = new JsonArray(
                Variant("out_ctx3", 3, sameLength: false),
                Variant("out_same_length", model.EffectiveEvaluationMemoryLength / model.SegmentLength, sameLength: true)),
        };

    private static JsonObject Variant(string prefix, int segments, bool sameLength) =>
        new() { ["prefix"] = prefix, ["memory_segments_eval"] = segments, ["same_length_eval"] = sameLength };
}
