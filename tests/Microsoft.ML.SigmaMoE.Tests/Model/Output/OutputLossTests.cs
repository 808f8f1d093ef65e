using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class OutputLossTests
{
    // tokens, d_model, vocabulary: single ones, odd ones, whole and broken tiles, panels and chunks
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 },
        { 1, 8, 5 },
        { 2, 7, 64 },
        { 5, 33, 65 },
        { 31, 12, 100 },
        { 64, 32, 512 },
        { 131, 20, 513 },
        { 257, 64, 1100 },
        { 300, 41, 37 },
        { 140, 100, 600 },
        { 70, 230, 70 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Apply_InFloat32_EqualsLibtorchsOperationsForwardAndBackward(int tokens, int modelSize, int vocabulary)
    {
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(tokens, modelSize, vocabulary);
        var wanted = problem.Solve(OutputLoss.Compose, ScalarType.Float32);
        var got = problem.Solve(OutputLoss.Apply, ScalarType.Float32);
        AssertClose(wanted, got, 1e-6, tokens);
    }

    // against float32 over rounded operands; what is left is the rounding of logits and of the gradient by them
    [Theory]
    [MemberData(nameof(Sizes))]
    public void Apply_InBFloat16_EqualsFloat32UpToRounding(int tokens, int modelSize, int vocabulary)
    {
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(tokens, modelSize, vocabulary).Rounded();
        var wanted = problem.Solve(OutputLoss.Compose, ScalarType.Float32);
        var got = problem.Solve(OutputLoss.Apply, ScalarType.BFloat16);
        AssertClose(wanted, got, 1e-2, tokens);
        Assert.All(got, tensor => Assert.Equal(ScalarType.Float32, tensor.dtype));
    }

    // the matrix has taken the saved gradient over, and added to it
    [Fact]
    public void Backward_OverARetainedGraphWhoseGradientsWereAddedUp_IsRefusedInsteadOfWrong()
    {
        using var scope = NewDisposeScope();
        var (hidden, matrix) = (randn(9, 4).requires_grad_(), randn(6, 4).requires_grad_());
        var targets = zeros(9, dtype: ScalarType.Int64);
        var loss = OutputLoss.Apply(hidden, matrix, zeros(6), targets, new(ScalarType.Float32));
        loss.backward(retain_graph: true);
        var once = matrix.grad!.clone();
        loss.backward(retain_graph: true);
        TensorAssert.Close(2 * once, matrix.grad!, 1e-6);
        Assert.ThrowsAny<ExternalException>(() => BackwardFault.Run(loss));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Apply_WithMoreTokensThanABlock_EqualsAllAtOnce(ScalarType type)
    {
        using var scope = NewDisposeScope();
        const int Tokens = 150;
        var vocabulary = OutputShape.MostLogits / 128 + 1;         // blocks of 128 tokens or fewer
        var problem = Problem.Draw(Tokens, 2, vocabulary).Rounded();
        var wanted = problem.Solve(OutputLoss.Compose, ScalarType.Float32);
        // sums of a hundred thousand
        AssertClose(wanted, problem.Solve(OutputLoss.Apply, type), type == ScalarType.Float32 ? 1e-5 : 1e-2, Tokens);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Apply_Again_GivesTheSameBits(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(400, 24, 700);
        var first = problem.Solve(OutputLoss.Apply, type);
        foreach (var (one, other) in first.Zip(problem.Solve(OutputLoss.Apply, type)))
        {
            TensorAssert.Same(one, other);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Apply_OnSeveralWorkersAtOnce_GivesWhatOneGives(ScalarType type)
    {
        using var scope = NewDisposeScope();
        Problem[] problems = [Problem.Draw(90, 24, 200), Problem.Draw(91, 24, 200)];
        using var workers = new TrainingWorkers(2);
        var results = workers.Run(worker => problems[worker].Solve(OutputLoss.Apply, type));
        var alone = workers.Run(worker => worker == 1 ? problems[1].Solve(OutputLoss.Apply, type) : []);
        foreach (var (one, other) in results[1].Zip(alone[1]))
        {
            TensorAssert.Same(one, other);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Apply_GivenANumberThatIsNone_GivesALossThatIsNone(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(3, 8, 40);
        problem.Hidden[1, 7] = float.NaN;
        Assert.True(float.IsNaN(problem.Solve(OutputLoss.Apply, type)[0].item<float>()));
    }

    // Dropped hidden states stay without gradient, and a matrix that embeds too gets both of its gradients.
    [Theory]
    [InlineData(ScalarType.Float32, 1e-6)]
    [InlineData(ScalarType.BFloat16, 1e-2)]
    public void Apply_AfterDropoutToATiedMatrix_AddsToTheOtherGradient(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(50, 16, 90).Rounded();
        var mask = (problem.Hidden > 0).to(ScalarType.Float32) * 2;
        Tensor Tied(Tensor matrix, Func<Tensor, Tensor, Tensor, Tensor, MixedLinear, Tensor> loss, ScalarType of)
        {
            var weight = matrix.clone().requires_grad_();
            var hidden = (problem.Hidden + weight.index_select(0, problem.Targets)) * mask;
            loss(hidden, weight, problem.Bias, problem.Targets, new(of)).backward();
            return weight.grad! * 50;
        }

        TensorAssert.Close(
            Tied(problem.Matrix, OutputLoss.Compose, ScalarType.Float32), Tied(problem.Matrix, OutputLoss.Apply, type),
            tolerance);
    }

    [Fact]
    public void Apply_WithoutGradients_IsTheSameScalar()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = Problem.Draw(9, 8, 40);
        var wanted = OutputLoss.Compose(
            problem.Hidden, problem.Matrix, problem.Bias, problem.Targets, new(ScalarType.Float32));
        var got = OutputLoss.Apply(
            problem.Hidden, problem.Matrix, problem.Bias, problem.Targets, new(ScalarType.Float32));
        Assert.Empty(got.shape);
        TensorAssert.Close(wanted, got, 1e-6);
    }

    private static void AssertClose(Tensor[] wanted, Tensor[] got, double tolerance, int tokens)
    {
        TensorAssert.Close(wanted[0], got[0], tolerance, "loss");
        TensorAssert.Close(wanted[1] * tokens, got[1] * tokens, tolerance, "gradient by hidden states");
        TensorAssert.Close(wanted[2] * tokens, got[2] * tokens, tolerance, "gradient by the matrix");
        TensorAssert.Close(wanted[3] * tokens, got[3] * tokens, tolerance, "gradient by the bias");
    }

    private sealed record Problem(Tensor Hidden, Tensor Matrix, Tensor Bias, Tensor Targets)
    {
        public static Problem Draw(int tokens, int modelSize, int vocabulary)
        {
            using var randomness = new Randomness(9);
            return new(
                randomness.Normal([tokens, modelSize]),
                randomness.Normal([vocabulary, modelSize]) / Math.Sqrt(modelSize),
                randomness.Normal([vocabulary]),
                (randomness.Uniform([tokens]) * vocabulary).to(ScalarType.Int64));
        }

        public Problem Rounded() => this with
        {
            Hidden = Hidden.to(ScalarType.BFloat16).to(ScalarType.Float32),
            Matrix = Matrix.to(ScalarType.BFloat16).to(ScalarType.Float32),
        };

        // As gradient accumulation does it: the loss counts for a quarter. Hidden states lie as a transposed view does.
        public Tensor[] Solve(Func<Tensor, Tensor, Tensor, Tensor, MixedLinear, Tensor> loss, ScalarType type)
        {
            var hidden = Hidden.t().clone().t().requires_grad_();
            var (matrix, bias) = (Matrix.clone().requires_grad_(), Bias.clone().requires_grad_());
            var value = loss(hidden, matrix, bias, Targets, new(type));
            value.Times(0.25).backward();
            return [value.detach(), hidden.grad! * 4, matrix.grad! * 4, bias.grad! * 4];
        }
    }
}
