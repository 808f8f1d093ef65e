using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Makes cases of kind "layer" and "attention".</summary>
internal static class LayerCaseMaker
{
    /// <summary>Makes a block's case: forward and backward in training, and in use where that differs.</summary>
    public static (JsonObject Config, CaseTensors Tensors, double Margin) Make(
        FeedForwardOptions block, int batch, int time, int modelSize, int seed, int? outputSize = null)
    {
        var tensors = new CaseTensors(seed);
        var weights = ExactWeights.Block(block, modelSize, tensors, outputSize: outputSize);
        var x = tensors.AddNormal("in.x", 1, batch, time, modelSize).clone().requires_grad_(true);
        Draw(block, tensors, batch, time);
        var output = ExactBlock.Compute(block, weights, x, training: true, tensors);
        Add(tensors, "out", output, x.shape);
        var config = Config(block, batch, time, modelSize);
        config["plain"]!["v_dim"] = outputSize;
        AddGradients(tensors, weights, x, output, Regularise(block, tensors, weights, x, output, config));
        var inUse = ExactBlock.Compute(block, weights, x, training: false);
        if (block is MixtureOfExpertsOptions)
        {
            Add(tensors, "out_eval", inUse, x.shape);
        }

        return (config, tensors, Math.Min(ExactMargin.Of(block, output), ExactMargin.Of(block, inUse)));
    }

    private static JsonObject Config(FeedForwardOptions block, int batch, int time, int modelSize)
    {
        var plain = CaseSetting.Plain(block);
        (plain["batch"], plain["time"], plain["tokens"], plain["d_model"]) = (batch, time, batch * time, modelSize);
        return new() { ["kind"] = "layer", ["plain"] = plain };
    }

    private static void Draw(FeedForwardOptions block, CaseTensors tensors, int batch, int time)
    {
        if (block is MixtureOfExpertsOptions { Router.ExpertDropout: > 0 } dropping)
        {
            tensors.AddUniform("in.drop_rand", batch, time, dropping.ExpertCount);
        }

        if (block is MixtureOfExpertsOptions { HiddenDropout: > 0 } masked)
        {
            long[] shape = [masked.ActiveExperts, batch, time, masked.ExpertSize];
            tensors.Add("in.score_keep", tensors.Normal(1, shape).to(float32).IsAbove(-0.7).to(float64));
        }
    }

    private static void Add(CaseTensors tensors, string prefix, ExactOutput output, long[] shape)
    {
        Tensor InRows(Tensor flat) => flat.view([shape[0], shape[1], .. flat.shape[1..]]);
        tensors.Add($"{prefix}.y", InRows(output.Y));
        foreach (var (name, tensor) in output.Shown)
        {
            tensors.Add(name, InRows(tensor));
        }

        if (output.Logits is { } logits)
        {
            tensors.Add($"{prefix}.sel_logits", InRows(logits));
            tensors.Add($"{prefix}.sel_scores", InRows(output.Scores!));
            tensors.Add($"{prefix}.sel_index", InRows(output.Index!));
            tensors.Add($"{prefix}.sel_weight", InRows(output.Weight!));
        }
    }

    // The weighted loss and its own gradients; null for a block without one.
    private static Tensor? Regularise(
        FeedForwardOptions block,
        CaseTensors tensors,
        Dictionary<string, Tensor> weights,
        Tensor x,
        ExactOutput output,
        JsonObject config)
    {
        if (block is not MixtureOfExpertsOptions mixture)
        {
            return null;
        }

        var weight = mixture.Router.BalancingWeight;
        var loss = ExactMixture.Balancing(mixture, [output]);
        tensors.Add("out.reg_loss", loss.view(1));
        tensors.Add("out.reg_loss_weighted", (loss * weight).view(1));
        tensors.Add("out.mean_softmax", output.Logits!.softmax(-1).mean([0L]));
        config["paper_entropy_reg_full_softmax"] = ExactMixture.NegativeEntropy(output.Logits!).item<double>();
        var gradients = autograd.grad([loss * weight], [weights["expert_sel"], x], retain_graph: true);
        tensors.Add("grad_reg.param.expert_sel", gradients[0]);
        tensors.Add("grad_reg.in.x", gradients[1]);
        if (tensors.Find("in.drop_rand") is null && tensors.Find("in.score_keep") is null)
        {
            var x2 = tensors.AddNormal("in.x2", 1, x.shape[0] + 1, 3, x.shape[2]);
            var pooled = ExactMixture.Balancing(
                mixture, [output, ExactBlock.Compute(block, weights, x2, training: true)]);
            tensors.Add("out.reg_loss_weighted_two_calls", (pooled * weight).view(1));
        }

        return loss * weight;
    }

    private static void AddGradients(
        CaseTensors tensors, Dictionary<string, Tensor> weights, Tensor x, ExactOutput output, Tensor? balancing)
    {
        var arriving = tensors.AddNormal("in.grad_out", 1, x.shape[0], x.shape[1], output.Y.shape[1]);
        var loss = (output.Y.view(arriving.shape) * arriving).sum();
        loss = balancing is null ? loss : loss + balancing;
        tensors.Add("out.loss", loss.view(1));
        loss.backward();
        tensors.Add("grad.in.x", x.grad!);
        foreach (var (name, weight) in weights)
        {
            tensors.Add($"grad.param.{name}", weight.grad!);
        }
    }
}
