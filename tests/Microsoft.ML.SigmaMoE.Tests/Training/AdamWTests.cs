using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class AdamWTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Randomness _randomness = new(5);

    public void Dispose()
    {
        _randomness.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    public void Step_SeveralSteps_EqualsTorch(double weightDecay)
    {
        // odd sizes leave a tail after the vectors; 70,001 needs two blocks
        var ours = new[] { Random(3, 5), Random(70_001, 1), Random(1, 1), Random(2, 17) };
        var theirs = ours.Select(Copy).ToArray();
        var options = new TrainingOptions { WeightDecay = weightDecay, Beta1 = 0.8, Beta2 = 0.95, Epsilon = 1e-6 };
        using var adamW = new AdamW(Named(ours), options);
        using var torchAdamW = optim.AdamW(
            theirs, lr: 0.01, beta1: 0.8, beta2: 0.95, eps: 1e-6, weight_decay: weightDecay);

        for (var step = 0; step < 6; step++)
        {
            for (var i = 0; i < ours.Length; i++)
            {
                ours[i].grad = _randomness.Normal(ours[i].shape);
                theirs[i].grad = ours[i].grad!.clone();
            }

            adamW.Step(0.01);
            torchAdamW.step();
        }

        Assert.All(ours.Zip(theirs), pair => TensorAssert.Close(pair.Second, pair.First, 3e-7)); // 2½ float32 roundings
    }

    [Fact]
    public void Step_GradientScale_EqualsScaledGradients()
    {
        var (scaled, plain) = (Random(4, 9), default(Parameter)!);
        plain = Copy(scaled);
        using var one = new AdamW(Named(scaled), new());
        using var other = new AdamW(Named(plain), new());
        var gradient = _randomness.Normal([4, 9]);
        for (var step = 0; step < 3; step++)
        {
            (scaled.grad, plain.grad) = (gradient, gradient * 0.25f);
            one.Step(0.1, gradientScale: 0.25);
            other.Step(0.1);
        }

        TensorAssert.Same(plain, scaled);
    }

    [Fact]
    public void Step_WithoutGradient_LeavesTheParameterAndItsStepCount()
    {
        var (used, unused) = (Random(2, 2), Random(2, 2));
        var before = unused.clone();
        using var adamW = new AdamW(Named(used, unused), new() { WeightDecay = 0.5 });
        used.grad = ones(2, 2);
        adamW.Step(0.1);

        TensorAssert.Same(before, unused);
        Assert.Equal(1, adamW.State()["p0.step"].item<long>());
        Assert.Equal(0, adamW.State()["p1.step"].item<long>());
    }

    [Fact]
    public void Step_WeightDecay_SparesVectors()
    {
        var (matrix, vector) = (new Parameter(ones(2, 2)), new Parameter(ones(4)));
        using var adamW = new AdamW(Named(matrix, vector), new() { WeightDecay = 0.5 });
        (matrix.grad, vector.grad) = (zeros(2, 2), zeros(4));
        adamW.Step(0.1);

        TensorAssert.Close(full(2, 2, 0.95f), matrix, 1e-7);
        TensorAssert.Same(ones(4), vector);
    }

    [Fact]
    public void Step_GradientWithStrides_ReadsItInOrder()
    {
        var (one, other) = (new Parameter(zeros(2, 3)), new Parameter(zeros(2, 3)));
        using var adamW = new AdamW(Named(one, other), new() { Beta1 = 0, Beta2 = 0 });
        one.grad = arange(6, ScalarType.Float32).view(3, 2).t();
        other.grad = arange(6, ScalarType.Float32).view(3, 2).t().contiguous();
        adamW.Step(0.1);
        TensorAssert.Same(other, one);
    }

    [Fact]
    public void Step_OtherPrecision_GoesThroughTorchWithTheSameResult()
    {
        var single = Random(5, 7);
        var doubles = new Parameter(single.detach().to(ScalarType.Float64));
        using var one = new AdamW(Named(single), new() { WeightDecay = 0.1 });
        using var other = new AdamW(Named(doubles), new() { WeightDecay = 0.1 });
        for (var step = 0; step < 4; step++)
        {
            single.grad = _randomness.Normal([5, 7]);
            doubles.grad = single.grad!.to(ScalarType.Float64);
            one.Step(0.05);
            other.Step(0.05);
        }

        TensorAssert.Close(doubles, single, 1e-6);
    }

    [Fact]
    public void Restore_State_GoesOnBitForBit()
    {
        var first = Random(3, 11);
        using var adamW = new AdamW(Named(first), new());
        Walk(adamW, first, 3);
        var second = Copy(first);
        using var restored = new AdamW(Named(second), new());
        restored.Restore(adamW.State());

        Walk(adamW, first, 2);
        Walk(restored, second, 2);

        TensorAssert.Same(first, second);
    }

    [Fact]
    public void Restore_OtherModel_SaysWhatDiffers()
    {
        using var adamW = new AdamW(Named(Random(3, 4)), new());
        using var other = new AdamW(Named(Random(4, 3)), new());
        using var more = new AdamW(Named(Random(3, 4), Random(1, 1)), new());

        var shape = Assert.Throws<ArgumentException>(() => other.Restore(adamW.State()));
        Assert.Contains("'p0.mean' is [3, 4] but the model's is [4, 3]", shape.Message, StringComparison.Ordinal);
        var missing = Assert.Throws<ArgumentException>(() => more.Restore(adamW.State()));
        Assert.Contains("'p1.mean'", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_ManyParameters_ThreadsChangeNothing()
    {
        var large = Random(2500, 2000); // above the length at which threads share the work
        var rows = large.detach().clone().unbind().Select(row => new Parameter(row.clone().view(1, -1))).ToArray();
        using var together = new AdamW(Named(large), new());
        using var one = new AdamW(Named(rows[0]), new());
        large.grad = _randomness.Normal([2500, 2000]);
        rows[0].grad = large.grad![0].clone().view(1, -1);

        together.Step(0.1);
        one.Step(0.1);

        TensorAssert.Same(rows[0].view(-1), large[0]);
    }

    private static void Walk(AdamW adamW, Parameter parameter, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            parameter.grad = parameter.detach().sin();
            adamW.Step(0.1);
        }
    }

    private static IEnumerable<(string, Parameter)> Named(params Parameter[] parameters) =>
        parameters.Select((parameter, i) => ($"p{i}", parameter));

    private static Parameter Copy(Parameter parameter) => new(parameter.detach().clone());

    private Parameter Random(long rows, long columns) => new(_randomness.Normal([rows, columns]));
}
