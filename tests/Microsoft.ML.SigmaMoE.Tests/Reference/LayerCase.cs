using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>One feed-forward block, forward and backward, in training mode with the case's random numbers.</summary>
internal static class LayerCase
{
    private const string Ours = "layers.0.feed_forward.";

    public static void Run(ReferenceCase reference)
    {
        using var scope = NewDisposeScope();
        using var randomness = new RecordedRandomness();
        using var block = Build(reference, randomness);
        var authors = block is DenseFeedForward or TopKFeedForward ? "layers.0." : "layers.0.pkm.";
        CaseWeights.Load(reference, block, Ours, authors);
        var x = reference["in.x"].clone().requires_grad_(true);
        Record(reference, randomness, block, x);

        var output = CheckOutput(reference, block, x, "out");
        LayerParts.Check(reference, block, x);
        var loss = (output.Hidden * reference["in.grad_out"]).sum();
        if (output.Routing is { } routing && block.BalancingLoss([routing]) is { } balancing)
        {
            CheckStatistics(reference, routing);
            reference.Check("out.reg_loss_weighted", balancing.view(1), Tolerances.Forward);
            CheckBalancingGradients(reference, block, x, balancing, authors);
            loss += balancing;
        }

        reference.Check("out.loss", loss.view(1), Tolerances.Forward);
        loss.backward();
        reference.Check("grad.in.x", x.grad!, Tolerances.Gradient);
        CaseWeights.CheckGradients(reference, "grad.param.", block, Tolerances.Gradient, Ours, authors);
        CheckTwoCalls(reference, block, x);
        CheckInUse(reference, block, x);
    }

    private static FeedForwardOutput CheckOutput(ReferenceCase reference, FeedForward block, Tensor x, string prefix)
    {
        var output = block.forward(x);
        reference.Check($"{prefix}.y", output.Hidden, Tolerances.Forward);
        if (output.Routing is { } routing)
        {
            CheckRouting(reference, routing, prefix);
            CheckScores(
                reference, ((LinearRouter)((MixtureOfExperts)block).Router).Scores(x, routing.Logits), block, prefix);
        }

        return output;
    }

    private static FeedForward Build(ReferenceCase reference, Randomness randomness)
    {
        var model = CaseOptions.Model(reference.Settings);
        var context = new BlockContext(model, ScalarType.Float32, randomness);
        var block = CaseOptions.FeedForward(reference.Settings);
        return reference.Settings.Has("v_dim") && block is MixtureOfExpertsOptions mixture
            ? new MixtureOfExperts(mixture, context, reference.Settings.Int("v_dim"))
            : FeedForward.Create(block, context);
    }

    // The authors drew masks in the order of their own choices; ours are aligned to it expert by expert.
    private static void Record(ReferenceCase reference, RecordedRandomness randomness, FeedForward block, Tensor x)
    {
        if (reference.Has("in.drop_rand"))
        {
            randomness.Next(reference["in.drop_rand"]);
        }

        if (reference.Has("in.score_keep"))
        {
            block.eval();
            var ours = block.forward(x).Routing!.Experts;                               // [tokens, K]
            block.train();
            var theirs = reference["out.sel_index"].flatten(0, 1);                      // [tokens, K]
            var keep = reference["in.score_keep"].flatten(1, 2).transpose(0, 1);        // [tokens, K, G]
            var place = ours.unsqueeze(2).eq(theirs.unsqueeze(1)).to(ScalarType.Int64).argmax(-1);
            randomness.Next(keep.gather(1, place.unsqueeze(-1).expand_as(keep)).to(ScalarType.Float32));
        }
    }

    private static void CheckRouting(ReferenceCase reference, Routing routing, string prefix)
    {
        var theirs = reference[$"{prefix}.sel_index"].flatten(0, 1).sort(-1);
        var ours = routing.Experts.sort(-1);
        reference.Compare(theirs.Values, ours.Values, 0, $"{prefix}.sel_index");
        var weights = reference[$"{prefix}.sel_weight"].flatten(0, 1).gather(1, theirs.Indices);
        reference.Compare(weights, routing.Weights.gather(1, ours.Indices), Tolerances.Forward, $"{prefix}.sel_weight");
        reference.Compare(
            reference[$"{prefix}.sel_logits"].flatten(0, 1), routing.Logits, Tolerances.Forward,
            $"{prefix}.sel_logits");
    }

    // What top-k was taken of. In use the authors rank S-BASE by the softmax of the logits: the order of the logits.
    private static void CheckScores(ReferenceCase reference, Tensor scores, FeedForward block, string prefix)
    {
        var router = ((MixtureOfExperts)block).Router;
        var ours = router is SinkhornRouter && !block.training ? scores.softmax(-1) : scores;
        if (block.training && reference.Has("in.drop_rand"))
        {
            var dropped = reference["in.drop_rand"].flatten(0, 1).IsBelow(
                reference.Settings.NumberOr(0, "expert_dropout"));
            var isZero = router is SigmoidRouter or SoftmaxBeforeTopKRouter
                && !CaseMixture.IsStandAlone(reference.Settings);
            ours = ours.Fill(dropped, isZero ? 0 : double.NegativeInfinity);
        }

        var name = $"{prefix}.sel_scores";
        reference.CompareRelatively(reference[name].flatten(0, 1), ours, Tolerances.Forward, name);
    }

    // The loss without its weight, and, where the case has them, the means that it is made of and the paper's own form.
    private static void CheckStatistics(ReferenceCase reference, Routing routing)
    {
        var balancing = CaseMixture.Options(reference.Settings).Router.Balancing;
        reference.Check("out.reg_loss", BalancingLoss.Of(balancing, [routing]).view(1), Tolerances.Forward);
        if (reference.Has("out.mean_softmax"))
        {
            reference.Check(
                "out.mean_softmax", BalancingLoss.LogMeanProbabilities(routing.Logits).exp(), Tolerances.Forward);
        }

        if (reference.Config.TryGetProperty("paper_entropy_reg_full_softmax", out var wanted))
        {
            var entropy = BalancingLoss.Of(new EntropyBalancingOptions(), [routing]);
            reference.Compare(
                tensor(wanted.GetDouble()), entropy, Tolerances.Forward, "paper_entropy_reg_full_softmax");
        }
    }

    private static void CheckBalancingGradients(
        ReferenceCase reference, FeedForward block, Tensor x, Tensor balancing, string authors)
    {
        balancing.backward(retain_graph: true);
        reference.Check("grad_reg.in.x", x.grad!, Tolerances.Gradient);
        CaseWeights.CheckGradients(reference, "grad_reg.param.", block, Tolerances.Gradient, Ours, authors);
        x.grad!.zero_();
        block.zero_grad();
    }

    private static void CheckTwoCalls(ReferenceCase reference, FeedForward block, Tensor x)
    {
        if (reference.Has("in.x2"))
        {
            Routing[] calls = [block.forward(x).Routing!, block.forward(reference["in.x2"]).Routing!];
            reference.Check("out.reg_loss_weighted_two_calls", block.BalancingLoss(calls)!.view(1), Tolerances.Forward);
        }
    }

    private static void CheckInUse(ReferenceCase reference, FeedForward block, Tensor x)
    {
        if (reference.Has("out_eval.y"))
        {
            block.eval();
            CheckOutput(reference, block, x, "out_eval");
        }
    }

    /// <summary>Gives back the numbers that the authors' code drew.</summary>
    private sealed class RecordedRandomness() : Randomness(1)
    {
        private readonly Queue<Tensor> _next = [];

        public void Next(Tensor uniform) => _next.Enqueue(uniform);

        public override Tensor Uniform(long[] shape) =>
            _next.Count > 0 && _next.Peek().shape.SequenceEqual(shape) ? _next.Dequeue().clone() : base.Uniform(shape);
    }
}
