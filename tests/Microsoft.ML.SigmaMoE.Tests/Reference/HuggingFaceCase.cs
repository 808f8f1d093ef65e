using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A Hugging Face model, imported from its folder: logits, losses and the residual stream, and the public scores.
/// </summary>
internal static class HuggingFaceCase
{
    public static void Run(ReferenceCase reference)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var model = LanguageModel.Import(reference.Folder, new() { Precision = Precision.Float32 });
        Assert.Equal(reference.Config.GetProperty("n_params").GetInt64(), model.Cost.Parameters);
        CheckNetwork(reference, model.Network);
        CheckScores(reference, model);
    }

    private static void CheckNetwork(ReferenceCase reference, TransformerNetwork network)
    {
        using var memory = new SegmentMemory(0);
        var ids = reference["in.input_ids"];                                                      // [batch, time]
        var output = network.Forward(ids, memory, keepLayerOutputs: true);
        var logits = network.Logits(output.Hidden);                                               // [batch, time, V]
        reference.Check("out.hidden_layer0_output", output.LayerOutputs[0], Tolerances.Forward);
        reference.Check("out.logits", logits, Tolerances.Forward);
        var next = ids.narrow(1, 1, ids.shape[1] - 1).unsqueeze(-1);
        var nll = -logits.narrow(1, 0, ids.shape[1] - 1).log_softmax(-1).gather(2, next).squeeze(-1);
        reference.Check("out.nll", nll, Tolerances.Forward);
        reference.Check("out.loss", nll.mean().view(1), Tolerances.Forward);
        reference.Check("out.reg_loss_per_layer", Losses(network, output.Routings), Tolerances.Forward);
    }

    // 0 for dense layers
    private static Tensor Losses(TransformerNetwork network, IEnumerable<Routing> routings)
    {
        var left = new Queue<Routing>(routings);
        return stack([.. Enumerable.Range(0, network.Model.LayerCount).Select(layer => network.Block(layer).HasExperts
            ? BalancingLoss.Of(new EntropyBalancingOptions(), [left.Dequeue()])
            : zeros([]))]);
    }

    private static void CheckScores(ReferenceCase reference, LanguageModel model)
    {
        var ids = reference["in.input_ids"].to(int32);
        int[][] rows = [.. Enumerable.Range(0, (int)ids.shape[0]).Select(row => ids[row].data<int>().ToArray())];
        foreach (var (row, score) in model.Score(rows).Index())
        {
            TensorAssert.Close(
                reference["out.nll"][row], -tensor(score.TokenLogLikelihoods), Tolerances.Forward, "out.nll");
        }
    }
}
