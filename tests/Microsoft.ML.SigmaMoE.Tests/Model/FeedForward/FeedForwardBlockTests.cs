using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Every block and router in training against float64 arithmetic, outputs and all gradients, over ugly sizes.
/// </summary>
public sealed class FeedForwardBlockTests
{
    private const double Move = 1e-6;
    private const int CheckedPerTensor = 24;

    /// <summary>Gets (block, batch, time, d_model).</summary>
    public static TheoryData<FeedForwardOptions, int, int, int> Problems
    {
        get
        {
            var data = new TheoryData<FeedForwardOptions, int, int, int>();
            foreach (var block in TinyModel.Blocks)
            {
                data.Add(block, 2, 5, 8);
                data.Add(block, 1, 1, 6);
            }

            foreach (var mixture in TinyModel.Blocks.OfType<MixtureOfExpertsOptions>())
            {
                data.Add(mixture with { ExpertCount = 3, ActiveExperts = 3 }, 3, 3, 10);
                data.Add(mixture with { ExpertCount = 5, ActiveExperts = 1, ExpertSize = 1 }, 1, 7, 2);
                data.Add(mixture with { ExpertCount = 1, ActiveExperts = 1 }, 2, 2, 4);
                data.Add(mixture with { ExpertCount = 40, ActiveExperts = 2, ExpertSize = 2 }, 1, 6, 6);
            }

            data.Add(new DenseOptions { HiddenSize = 1 }, 1, 3, 2);
            data.Add(new TopKOptions { HiddenSize = 7, ActiveChannels = 1 }, 2, 3, 4);
            data.Add(new TopKOptions { HiddenSize = 7, ActiveChannels = 7 }, 2, 3, 4);
            data.Add(new TopKOptions { HiddenSize = 9, ActiveChannels = 2, RankByContribution = true }, 2, 3, 4);
            data.Add(new TopKOptions { HiddenSize = 36, ActiveChannels = 2 }, 4, 128, 18);           // few enough for sparse products
            data.Add(new ProductKeyMemoryOptions { SubKeyCount = 1, HeadCount = 1, NearestKeys = 0 }, 1, 2, 2);
            data.Add(new ProductKeyMemoryOptions { SubKeyCount = 6, HeadCount = 1, NearestKeys = 1 }, 2, 3, 10);
            data.Add(new ProductKeyMemoryOptions { SubKeyCount = 5, HeadCount = 3, NearestKeys = 2 }, 2, 9, 22);
            data.Add(new ProductKeyMemoryOptions { SubKeyCount = 9, HeadCount = 2, NearestKeys = 7 }, 2, 5, 6);
            data.Add(
                new ProductKeyMemoryOptions { SubKeyCount = 4, HeadCount = 2, Activation = MemoryActivation.Softmax },
                2, 3, 6);
            return data;
        }
    }

    public static TheoryData<FeedForwardOptions> Blocks => [.. TinyModel.Blocks];

    [Theory]
    [MemberData(nameof(Problems))]
    public void ForwardAndBackward_InTraining_EqualTheDumbReference(
        FeedForwardOptions options, int batch, int time, int modelSize)
    {
        using var scope = NewDisposeScope();
        using var drawn = new RecordingRandomness(17);
        using var block = Build(options, modelSize, drawn);
        var x = drawn.Normal([batch, time, modelSize]).requires_grad_(true);
        drawn.Forget();
        Check(options, block, x, drawn, dropout: 0);
    }

    [Fact]
    public void ForwardAndBackward_OfATopKBlockWithDropout_RanksWhatDropoutLeaves()
    {
        using var scope = NewDisposeScope();
        using var drawn = new RecordingRandomness(17);
        var options = new TopKOptions { HiddenSize = 9, ActiveChannels = 3 };
        using var block = Build(options, 6, drawn, dropout: 0.5);
        var x = drawn.Normal([2, 4, 6]).requires_grad_(true);
        drawn.Forget();
        Check(options, block, x, drawn, dropout: 0.5);
    }

    [Fact]
    public void ForwardAndBackward_OfAllTokensAtOneExpert_EqualTheDumbReference()
    {
        using var scope = NewDisposeScope();
        using var drawn = new RecordingRandomness(17);
        var options = new MixtureOfExpertsOptions { ExpertCount = 5, ExpertSize = 3, ActiveExperts = 1 };
        using var block = Build(options, 6, drawn);
        using (no_grad())
        {
            block.get_parameter("router.selection")!.zero_()[3] = ones(6);
        }

        var x = (drawn.Normal([2, 4, 6]) + 3).detach().requires_grad_(true);
        drawn.Forget();
        var choices = Check(options, block, x, drawn, dropout: 0);
        Assert.All(choices, choice => Assert.Equal([3], choice));
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Forward_InBFloat16_IsNearFloat32(FeedForwardOptions options)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var drawn = new Randomness(17);
        var x = drawn.Normal([2, 32, 16]);
        var outputs = new[] { ScalarType.Float32, ScalarType.BFloat16 }.Select(type =>
        {
            using var same = new Randomness(5);
            using var block = Build(options, 16, same, computeType: type);
            block.eval();
            return block.forward(x).Hidden;
        }).ToList();
        Assert.Equal(ScalarType.Float32, outputs[1].dtype);

        // not element by element: a choice among nearly equal scores may differ, and does for a token or two
        Assert.InRange((outputs[1] - outputs[0]).norm().item<float>() / outputs[0].norm().item<float>(), 0, 0.05f);
    }

    private static FeedForward Build(
        FeedForwardOptions options, int modelSize, Randomness randomness, double dropout = 0,
        ScalarType computeType = ScalarType.Float32)
    {
        options.Validate();
        var model = new ModelOptions { ModelSize = modelSize, LayerCount = 1, Dropout = dropout };
        var block = FeedForward.Create(options, new(model, computeType, randomness));
        using var quiet = no_grad();
        foreach (var (_, weight) in block.named_parameters())
        {
            weight.add_(randomness.Normal(weight.shape) * 0.3);
        }

        block.train();
        return block;
    }

    // Not the experts: where scores are equal any of them will do.
    private static void CheckChoices(MixtureOfExpertsOptions mixture, DumbProblem problem)
    {
        foreach (var (token, scores) in DumbRouting.Scores(mixture, problem).Index())
        {
            var chosen = problem.Choices[token].Select(expert => scores[expert]).OrderDescending();
            Assert.Equal(mixture.ActiveExperts, problem.Choices[token].Distinct().Count());
            Assert.All(
                scores.OrderDescending().Zip(chosen),
                pair => Assert.True(pair.First == pair.Second || Math.Abs(pair.First - pair.Second) < 1e-6, $"{pair} in token {token}"));
        }
    }

    private static int[][] Check(
        FeedForwardOptions options, FeedForward block, Tensor x, RecordingRandomness drawn, double dropout)
    {
        var output = block.forward(x);
        var problem = new DumbProblem(block, x, drawn, output.Routing);
        if (options is MixtureOfExpertsOptions mixture)
        {
            CheckChoices(mixture, problem);
        }

        var wanted = tensor(DumbBlock.Output(options, problem, dropout)).view(x.shape);
        TensorAssert.Close(wanted, output.Hidden, 1e-5, "output");
        var arriving = Enumerable.Range(0, (int)x.numel()).Select(i => Math.Cos(i)).ToArray();
        var balancing = output.Routing is { } routing ? block.BalancingLoss([routing]) : null;
        var loss = (output.Hidden * tensor(arriving, ScalarType.Float32).view(x.shape)).sum();
        (balancing is null ? loss : loss + balancing).backward();
        CheckGradient("x", problem.X, x.grad!);
        foreach (var (name, weight) in block.named_parameters())
        {
            CheckGradient(name, problem[name], weight.grad ?? zeros_like(weight));
        }

        return problem.Choices;

        double Loss() => DumbBlock.Output(options, problem, dropout).Zip(arriving, (y, g) => y * g).Sum()
            + (options is MixtureOfExpertsOptions mixed ? DumbBalancing.Loss(mixed, problem) : 0);

        void CheckGradient(string name, double[] numbers, Tensor gradient)
        {
            var got = gradient.to(ScalarType.Float64).contiguous().data<double>().ToArray();
            var step = Math.Max(1, numbers.Length / CheckedPerTensor);
            for (var i = 0; i < numbers.Length; i += step)
            {
                var at = numbers[i];
                numbers[i] = at + Move;
                var above = Loss();
                numbers[i] = at - Move;
                var slope = (above - Loss()) / (2 * Move);
                numbers[i] = at;
                Assert.True(
                    Math.Abs(slope - got[i]) <= 2e-5 * Math.Max(1, got.Max(Math.Abs)),
                    $"gradient by {name}[{i}] is {got[i]}, expected {slope}.");
            }
        }
    }
}
