using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Makes cases of kind "attention": two segments, the second with the first as memory.</summary>
internal static class AttentionCaseMaker
{
    public static (JsonObject Config, CaseTensors Tensors, double Margin) Make(
        ModelOptions model, int batch, int time, int seed)
    {
        var tensors = new CaseTensors(seed);
        var weights = ExactWeights.Attention(model, tensors);
        long[] shape = [batch, time, model.ModelSize];
        var x1 = tensors.AddNormal("in.x1", 1, shape).clone().requires_grad_(true);
        var x2 = tensors.AddNormal("in.x2", 1, shape).clone().requires_grad_(true);
        var (y1, first) = ExactAttention.Compute(weights, x1, x1);
        var (y2, second) = ExactAttention.Compute(weights, x2, cat([x1.detach(), x2], 1));
        (string, Tensor)[] outputs =
            [("out.y1", y1), ("out.y2", y2), ("out.attention1", first), ("out.attention2", second)];
        outputs.ToList().ForEach(output => tensors.Add(output.Item1, output.Item2));
        tensors.Add("out.sinusoid", ExactAttention.Sinusoids(arange(-2 * time, 2, dtype: float64), model.ModelSize));
        var (by1, by2) = (tensors.AddNormal("in.grad_out1", 1, shape), tensors.AddNormal("in.grad_out2", 1, shape));
        var loss = (y1 * by1).sum() + (y2 * by2).sum();
        AddGradients(tensors, weights, loss, x1, x2);
        return (Config(model, batch, time), tensors, double.PositiveInfinity);
    }

    private static void AddGradients(
        CaseTensors tensors, Dictionary<string, Tensor> weights, Tensor loss, Tensor x1, Tensor x2)
    {
        tensors.Add("out.loss", loss.view(1));
        loss.backward();
        tensors.Add("grad.in.x1", x1.grad!);
        tensors.Add("grad.in.x2", x2.grad!);
        foreach (var (name, weight) in weights.Where(weight => weight.Value.requires_grad))
        {
            tensors.Add($"grad.param.{name}", weight.grad!);
        }
    }

    private static JsonObject Config(ModelOptions model, int batch, int time) => new()
    {
        ["kind"] = "attention",
        ["plain"] = new JsonObject
        {
            ["batch"] = batch,
            ["time"] = time,
            ["d_model"] = model.ModelSize,
            ["heads"] = model.HeadCount,
            ["d_head"] = model.EffectiveHeadSize,
            ["attention_dropout"] = 0.0,
            ["memory_segments"] = 1,
        },
    };
}
