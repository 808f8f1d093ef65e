using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RelativeAttentionFunctionTests
{
    private static readonly string[] Names =
        ["attended", "gradient by queries", "by keys and values", "by places", "by content bias", "by position bias", "by scale"];

    // against float32 over the same rounded tensors; what is left is the rounding of scaled queries and probabilities
    [Theory]
    [InlineData(1, 1, 0, 1, 1, false)]
    [InlineData(2, 5, 3, 2, 3, false)]
    [InlineData(1, 7, 0, 3, 33, true)]
    [InlineData(2, 33, 31, 1, 8, true)]
    [InlineData(3, 40, 0, 5, 16, false)]
    [InlineData(1, 130, 70, 2, 5, false)]
    [InlineData(1, 300, 300, 1, 4, true)]
    public void Apply_GivenAnySize_EqualsFloat32UpToRounding(int batch, int time, int memory, int heads, int headSize, bool sameLength)
    {
        RequireBrgemm();
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(batch, heads, headSize, new(time, memory, sameLength));
        AssertClose(problem);
    }

    [Fact]
    public void Apply_ToSeveralDocuments_EqualsFloat32UpToRounding()
    {
        RequireBrgemm();
        using var scope = NewDisposeScope();
        int[] starts = [0, 2, 4, 4, 5, 7, 7, 1, 1, 3, 6, 6, 6, 6];   // two rows of the batch, 7 queries each
        var problem = Problem.Draw(2, 3, 6, new(7, 5, false, starts));
        AssertClose(problem);
    }

    [Fact]
    public void Apply_Again_GivesTheSameBits()
    {
        RequireBrgemm();
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(3, 2, 20, new(50, 30));
        foreach (var (one, other) in problem.Solve(problem.Apply).Zip(problem.Solve(problem.Apply)))
        {
            TensorAssert.Same(one, other);
        }
    }

    [Fact]
    public void Apply_WithoutGradients_GivesTheSameBits()
    {
        RequireBrgemm();
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(3, 2, 20, new(50, 30));
        var wanted = problem.Solve(problem.Apply)[0];
        using var quiet = no_grad();
        TensorAssert.Same(wanted, problem.Apply(problem.Inputs));
    }

    [Fact]
    public void Apply_OnSeveralWorkersAtOnce_GivesWhatOneGives()
    {
        RequireBrgemm();
        using var scope = NewDisposeScope();
        Problem[] problems = [Problem.Draw(2, 2, 20, new(50, 30)), Problem.Draw(2, 2, 20, new(51, 30))];
        using var workers = new TrainingWorkers(2);
        var results = workers.Run(worker => problems[worker].Solve(problems[worker].Apply));
        var alone = workers.Run(worker => worker == 1 ? problems[1].Solve(problems[1].Apply) : []);
        foreach (var (one, other) in results[1].Zip(alone[1]))
        {
            TensorAssert.Same(one, other);
        }
    }

    // One head and many threads: the rows of a batch are shared out, and what they add to one gradient is summed.
    [Fact]
    public void Apply_WithFewerHeadsThanThreads_EqualsFloat32UpToRounding()
    {
        RequireBrgemm();
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(5, 1, 12, new(20, 6));
        AssertClose(problem);
    }

    private static void RequireBrgemm() => Assert.SkipUnless(Brgemm.IsAvailable, "This processor has no fused bfloat16 kernel.");

    private static void AssertClose(Problem problem)
    {
        var (wanted, got) = (problem.Solve(problem.Compose), problem.Solve(problem.Apply));
        // the gradient by the scale is a sum of terms that cancel: how large they are is what rounding is relative to
        var terms = (wanted[1] * problem.Inputs.Queries.to(ScalarType.Float32)).abs().sum() / problem.Inputs.Scale + 1e-3;
        (wanted[6], got[6]) = (wanted[6] / terms, got[6] / terms);
        foreach (var (place, name) in Names.Index())
        {
            TensorAssert.Close(wanted[place], got[place], 1.5e-2, name);
        }
    }

    private sealed record Problem(AttentionInputs Inputs, KeyWindows Windows, Tensor Arriving)
    {
        public static Problem Draw(int batch, int heads, int headSize, KeyWindows windows)
        {
            using var randomness = new Randomness(5);
            Tensor Rounded(params long[] shape) => randomness.Normal(shape).to(ScalarType.BFloat16);
            var width = heads * headSize;
            return new(
                new(
                    Rounded(batch, windows.Time, width),
                    Rounded(batch, windows.Keys, 2 * width),
                    Rounded(windows.Keys, width),
                    randomness.Normal([heads, headSize]),
                    randomness.Normal([heads, headSize]),
                    tensor(new[] { (float)(1 / Math.Sqrt(headSize)) })),
                windows,
                Rounded(batch, windows.Time, width));
        }

        public Tensor Apply(AttentionInputs inputs) => RelativeAttentionFunction.Apply(inputs, Windows);

        public Tensor Compose(AttentionInputs inputs)
        {
            var (batch, time, keys) = (inputs.Queries.shape[0], Windows.Time, Windows.Keys);
            var (heads, size) = (inputs.ContentBias.shape[0], inputs.ContentBias.shape[1]);
            Tensor Scaled(Tensor bias) =>
                ((inputs.Queries.to(ScalarType.Float32).view(batch, time, heads, size) + bias) * inputs.Scale).transpose(1, 2);
            var parts = inputs.KeysAndValues.to(ScalarType.Float32).view(batch, keys, heads, 2, size).permute(3, 0, 2, 1, 4);
            var places = inputs.Places.to(ScalarType.Float32).view(keys, heads, size).permute(1, 2, 0);  // [heads, head, S]
            var content = matmul(Scaled(inputs.ContentBias), parts[0].transpose(2, 3));                  // [batch, heads, T, S]
            var position = matmul(Scaled(inputs.PositionBias), places);                                  // [batch, heads, T, S]
            var probabilities = RelativeSoftmax.Compose(content, position, RelativePositions.Create(Windows, 4, CPU));
            return matmul(probabilities, parts[1]).transpose(1, 2).flatten(2);                           // [batch, T, heads · head]
        }

        public Tensor[] Solve(Func<AttentionInputs, Tensor> attention)
        {
            object[] own = [.. Inputs.All.Select(tensor => tensor.clone().requires_grad_())];
            var attended = attention(AttentionInputs.Of(own));
            attended.backward([Arriving.to(attended.dtype)]);
            return [attended.detach(), .. own.Cast<Tensor>().Select(tensor => tensor.grad!)];
        }
    }
}
