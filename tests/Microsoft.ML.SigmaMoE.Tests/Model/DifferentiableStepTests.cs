using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class DifferentiableStepTests
{
    [Fact]
    public void Backward_Throws_IsThrownWhereGradientsWereAskedFor()
    {
        using var scope = NewDisposeScope();
        var x = randn(3).requires_grad_();
        Failing.apply(x, "no room").exp().sum().backward();
        Assert.Null(x.grad);
        var fault = Assert.Throws<IOException>(BackwardFaults.ThrowIfAny);
        Assert.Equal("no room", fault.Message);
        BackwardFaults.ThrowIfAny();    // once
    }

    [Fact]
    public void Backward_SeveralThrow_TheFirstIsKept()
    {
        using var scope = NewDisposeScope();
        var x = randn(3).requires_grad_();
        Failing.apply(Failing.apply(x, "second") + 1, "first").sum().backward();
        Assert.Equal("first", Assert.Throws<IOException>(BackwardFaults.ThrowIfAny).Message);
        BackwardFaults.ThrowIfAny();
    }

    [Fact]
    public void Forward_AfterAFaultThatNobodyAskedFor_ThrowsIt()
    {
        using var scope = NewDisposeScope();
        var x = randn(3).requires_grad_();
        Failing.apply(x, "before").sum().backward();
        Assert.Equal("before", Assert.Throws<IOException>(() => Failing.apply(x, "now")).Message);
        Failing.apply(x, "now");
    }

    [Fact]
    public void Fault_OfAnotherThread_IsNotThisOnes()
    {
        var other = new Thread(() =>
        {
            using var scope = NewDisposeScope();
            Failing.apply(randn(3).requires_grad_(), "theirs").sum().backward();
            Assert.Throws<IOException>(BackwardFaults.ThrowIfAny);
        });
        other.Start();
        other.Join();
        BackwardFaults.ThrowIfAny();
    }

    private sealed class Failing : DifferentiableStep<Failing>
    {
        protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
        {
            ctx.save_data("message", vars[1]);
            return ((Tensor)vars[0]).Times(2);
        }

        protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor byOutput) =>
            throw new IOException((string)ctx.get_data("message"));
    }
}
