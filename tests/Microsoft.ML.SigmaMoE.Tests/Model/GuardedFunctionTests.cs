using System.Collections;
using System.Reflection;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Counts the steps of the whole process that TorchSharp holds, so nothing runs beside it.</summary>
[Collection(Alone.Name)]
public sealed class GuardedFunctionTests
{
    [Fact]
    public void Apply_WhereTheForwardPassThrows_ThrowsTheSameAndFreesAllThatCameBefore()
    {
        var before = Steps();
        using (NewDisposeScope())
        {
            var x = ones(2, 3).requires_grad_();
            var y = Step.apply(x, false);
            Assert.Equal(before + 1, Steps());
            var fault = Assert.Throws<InvalidOperationException>(() => Step.apply(y, true));
            Assert.Equal("it was told to fail", fault.Message);
            Assert.Equal(before + 1, Steps());
            TensorAssert.Same(x, Step.apply(x, false));    // the fault is forgotten
        }

        Assert.Equal(before, Steps());
    }

    [Fact]
    public void Apply_WhereTheForwardPassThrowsWithoutAGradient_ThrowsTheSame()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<InvalidOperationException>(() => Step.apply(ones(2), true));
        Assert.Throws<InvalidOperationException>(() => Step.apply(ones(2).requires_grad_(), true));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Backward_WhereNothingArrives_GivesNothingOn(bool hasExperts)
    {
        using var scope = NewDisposeScope();
        using nn.Module<Tensor, Tensor> layer = hasExperts
            ? new MixtureOfExpertsLayer(8, TinyModel.Experts, precision: Precision.Float32, seed: 1)
            : new FeedForwardLayer(8, new ProductKeyMemoryOptions { SubKeyCount = 3, HeadCount = 2 }, seed: 1);
        var x = ones(3, 8).requires_grad_();
        Stopping.apply(layer.call(x)).sum().backward();
        Assert.True(x.grad is null);
        Assert.All(layer.parameters(), parameter => Assert.True(parameter.grad is null));
    }

    private static int Steps() => ((ICollection)typeof(autograd)
        .GetNestedType("Node", BindingFlags.NonPublic)!
        .GetField("AliveNodes", BindingFlags.NonPublic | BindingFlags.Static)!
        .GetValue(null)!).Count;

    private sealed class Step : GuardedFunction<Step>
    {
        public override string Name => nameof(Step);

        protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
        {
            var x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            return (bool)vars[1] ? throw new InvalidOperationException("it was told to fail") : x.clone();
        }

        protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output) =>
            [grad_output, null!];
    }

    /// <summary>A step of somebody else's, through which no gradient goes.</summary>
    private sealed class Stopping : autograd.SingleTensorFunction<Stopping>
    {
        public override string Name => nameof(Stopping);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).clone();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [null!];
    }
}
