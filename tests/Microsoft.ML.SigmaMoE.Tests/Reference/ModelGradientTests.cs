using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// The gradients of a whole model's training loss beside those of its formulas in float64, with and without memory.
/// </summary>
public sealed class ModelGradientTests
{
    private static readonly ModelOptions Model =
        new() { ModelSize = 10, LayerCount = 3, HeadCount = 3, HeadSize = 5, SegmentLength = 7, MemoryLength = 7 };

    public static TheoryData<FeedForwardOptions> Blocks =>
    [
        new DenseOptions { HiddenSize = 13 },
        new TopKOptions { HiddenSize = 17, ActiveChannels = 6 },
        new ProductKeyMemoryOptions { SubKeyCount = 5, HeadCount = 2, NearestKeys = 3 },
        Mixture(new SigmoidRouterOptions()),
        Mixture(new SoftmaxBeforeTopKRouterOptions()),
        Mixture(new SoftmaxAfterTopKRouterOptions()),
        Mixture(new SinkhornRouterOptions()),
        Mixture(new SwitchRouterOptions()) with { ActiveExperts = 1 },
    ];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Loss_OfTwoSegments_HasTheGradientsOfItsFormulas(FeedForwardOptions block)
    {
        using var scope = NewDisposeScope();
        var (tensors, weights, rows) = Draw(block);
        using var network = new TransformerNetwork(Model, block, 19, ScalarType.Float32, new Randomness(1));
        tensors.Load(network);
        network.train();
        using var memory = new SegmentMemory(Model.MemoryLength);
        var exact = new ExactModel(Model, block, weights);
        foreach (var row in rows)
        {
            network.zero_grad();
            network.Loss(row, memory).Total.backward();
            Check(network, Gradients(exact, block, weights, row));
        }
    }

    private static (CaseTensors Tensors, Dictionary<string, Tensor> Weights, Tensor[] Rows) Draw(
        FeedForwardOptions block)
    {
        for (var seed = 1; ; seed++)
        {
            var tensors = new CaseTensors(seed);
            var weights = ExactWeights.Model(Model, block, 19, tensors);
            Tensor[] rows = [.. Enumerable.Range(0, 2).Select(_ => tensors.Tokens(19, 2 * 8).view(2, 8))];
            var exact = new ExactModel(Model, block, weights);
            rows.ToList().ForEach(row => exact.Read(row.narrow(1, 0, 7), training: true));
            if (exact.Margin > ExactMargin.Least)
            {
                return (tensors, weights, rows);
            }
        }
    }

    private static Dictionary<string, Tensor> Gradients(
        ExactModel exact, FeedForwardOptions block, Dictionary<string, Tensor> weights, Tensor row)
    {
        var (logits, blocks) = exact.Read(row.narrow(1, 0, 7), training: true);
        var loss = ExactModel.Loss(logits, row.narrow(1, 1, 7)).mean();
        if (block is MixtureOfExpertsOptions mixture)
        {
            var balancing = blocks.Select(output => ExactMixture.Balancing(mixture, [output])).Aggregate(
                (all, one) => all + one);
            loss += balancing * mixture.Router.BalancingWeight;
        }

        var trained = weights.Where(weight => weight.Value.requires_grad).ToList();
        var gradients = autograd.grad([loss], [.. trained.Select(weight => weight.Value)]);
        return trained.Zip(gradients).ToDictionary(pair => pair.First.Key, pair => pair.Second);
    }

    private static void Check(TransformerNetwork network, Dictionary<string, Tensor> wanted)
    {
        foreach (var (name, weight) in network.named_parameters().Where(weight => weight.parameter.requires_grad))
        {
            var theirs = WeightNames.ToAuthors(name);
            TensorAssert.Close(
                WeightNames.FromAuthors(name, wanted[theirs]), weight.grad!, Tolerances.Gradient, theirs);
        }
    }

    private static MixtureOfExpertsOptions Mixture(RouterOptions router) =>
        new() { ExpertCount = 5, ExpertSize = 6, ActiveExperts = 2, Router = router with { BalancingWeight = 0.02 } };
}
