using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class BackwardFaultTests
{
    [Fact]
    public void Run_WhereAFunctionThrows_ThrowsTheSameAndTheProcessLives()
    {
        using var scope = NewDisposeScope();
        var x = ones(2, 3).requires_grad_();
        var fault = Assert.Throws<InvalidOperationException>(() => BackwardFault.Run(Failing.apply(x).sum()));
        Assert.Equal("it was told to fail", fault.Message);
        Assert.Null(x.grad);
    }

    [Fact]
    public void Run_WhereLibtorchHasNoMemory_SaysSo()
    {
        using var scope = NewDisposeScope();
        var much = zeros(1).expand(1L << 50).requires_grad_();               // its gradient would be dense
        Assert.True(MemoryExhaustion.Explains(Assert.Throws<ExternalException>(() => BackwardFault.Run(much[0]))));
    }

    [Fact]
    public void Run_AfterAFault_ForgetsIt()
    {
        using var scope = NewDisposeScope();
        Assert.ThrowsAny<Exception>(() => Failing.apply(ones(2, 3).requires_grad_()).sum().backward());
        var x = ones(2, 3).requires_grad_();
        BackwardFault.Run((x * x).sum());
        TensorAssert.Same(full([2, 3], 2f), x.grad!);
    }

    private sealed class Failing : GuardedFunction<Failing>
    {
        public override string Name => nameof(Failing);

        protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars) => ((Tensor)vars[0]).clone();

        protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output) =>
            throw new InvalidOperationException("it was told to fail");
    }
}
