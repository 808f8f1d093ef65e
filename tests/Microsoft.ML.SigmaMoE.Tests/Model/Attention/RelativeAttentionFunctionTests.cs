using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RelativeAttentionFunctionTests
{
    private static readonly string[] Results =
        ["attended", "gradient by queries", "by keys and values", "by places", "by content bias", "by position bias", "by scale"];

    // The largest error: what is left in bfloat16 is the rounding of scaled queries and probabilities.
    private static readonly Dictionary<string, (IAttentionKernel Kernel, double Tolerance)> Kernels = new()
    {
        ["bfloat16"] = (new BFloat16AttentionKernel(), 1.5e-2),
        ["float32, 512 bits"] = (new Float32AttentionKernel<Lanes512, Vector512<float>>(), 3e-6),
        ["float32, 256 bits"] = (new Float32AttentionKernel<Lanes256, Vector256<float>>(), 3e-6),
    };

    public static TheoryData<string> Names => [.. Kernels.Keys];

    public static MatrixTheoryData<string, Size> Cases => new(Kernels.Keys,
    [
        new(1, 1, 0, 1, 1, false),
        new(2, 5, 3, 2, 3, false),
        new(1, 7, 0, 3, 33, true),
        new(2, 33, 31, 1, 8, true),
        new(3, 40, 0, 5, 16, false),
        new(1, 130, 70, 2, 5, false),
        new(1, 300, 300, 1, 4, true),
        new(5, 20, 6, 1, 12, false), // one head and several threads: a batch is shared out, and sums are added
        new(2, 96, 0, 2, 48, false),
        new(1, 49, 15, 2, 64, false),
        new(1, 20, 2700, 1, 8, false),
    ]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Apply_GivenAnySize_EqualsFloat64UpToRounding(string kernel, Size size)
    {
        using var scope = NewDisposeScope();
        AssertClose(size.Draw(Type(kernel)), kernel);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_ToSeveralDocuments_EqualsFloat64UpToRounding(string kernel)
    {
        using var scope = NewDisposeScope();
        int[] starts = [0, 2, 4, 4, 5, 7, 7, 1, 1, 3, 6, 6, 6, 6];   // two rows of the batch, 7 queries each
        AssertClose(Problem.Draw(2, 3, 6, new(7, 5, false, starts), Type(kernel)), kernel);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_Again_GivesTheSameBits(string kernel)
    {
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(3, 2, 20, new(50, 30), Type(kernel));
        foreach (var (one, other) in Solve(problem, kernel).Zip(Solve(problem, kernel)))
        {
            TensorAssert.Same(one, other);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_WithoutGradients_GivesTheSameBits(string kernel)
    {
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(3, 2, 20, new(50, 30), Type(kernel));
        var wanted = Solve(problem, kernel)[0];
        using var quiet = no_grad();
        TensorAssert.Same(wanted, problem.Apply(problem.Inputs, Kernels[kernel].Kernel));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_OnSeveralWorkersAtOnce_GivesWhatOneGives(string kernel)
    {
        using var scope = NewDisposeScope();
        Problem[] problems =
            [Problem.Draw(2, 2, 20, new(50, 30), Type(kernel)), Problem.Draw(2, 2, 20, new(51, 30), Type(kernel))];
        using var workers = new TrainingWorkers(2);
        var results = workers.Run(worker => Solve(problems[worker], kernel));
        var alone = workers.Run(worker => worker == 1 ? Solve(problems[1], kernel) : []);
        foreach (var (one, other) in results[1].Zip(alone[1]))
        {
            TensorAssert.Same(one, other);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void MakeProbabilities_OfAnySize_HasRoomForAMultipleOfFourRows(string kernel)
    {
        using var scope = NewDisposeScope();
        var room = Kernels[kernel].Kernel.MakeProbabilities(new(3, 5, 8, new(7, 2)));
        Assert.True(room.numel() / room.shape[^1] >= 3 * 5 * 7 + (kernel == "bfloat16" ? 0 : 3)); // bfloat16 reads no further
        Assert.True(room.shape[^1] >= 9);
    }

    // what a tile of queries does not see must not reach it, whatever it is
    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_KeysThatNobodyMaySee_ChangeNothing(string kernel)
    {
        using var scope = NewDisposeScope();
        var problem = Problem.Draw(1, 2, 12, new(60, 0), Type(kernel));
        var wanted = problem.Apply(problem.Inputs, Kernels[kernel].Kernel);
        problem.Inputs.KeysAndValues.narrow(1, 30, 30).fill_(1e4);
        var got = problem.Apply(problem.Inputs, Kernels[kernel].Kernel);
        TensorAssert.Same(wanted.narrow(1, 0, 30), got.narrow(1, 0, 30));
    }

    private static ScalarType Type(string kernel)
    {
        var type = Kernels[kernel].Kernel.Type;
        Assert.SkipUnless(
            type == ScalarType.Float32 || Brgemm.IsAvailable, "This processor has no fused bfloat16 kernel.");
        return type;
    }

    private static Tensor[] Solve(Problem problem, string kernel) =>
        problem.Solve(inputs => problem.Apply(inputs, Kernels[kernel].Kernel));

    private static void AssertClose(Problem problem, string kernel)
    {
        var (wanted, got) = (problem.Solve(problem.Compose), Solve(problem, kernel));
        // the gradient by the scale is a sum of terms that cancel: how large they are is what rounding is relative to
        var terms = (wanted[1] * problem.Inputs.Queries.to(ScalarType.Float64)).abs().sum() / problem.Inputs.Scale
            + 1e-3;
        (wanted[6], got[6]) = (wanted[6] / terms, got[6] / terms);
        foreach (var (place, name) in Results.Index())
        {
            TensorAssert.Close(wanted[place], got[place], Kernels[kernel].Tolerance, name);
        }
    }

    /// <summary>The sizes of a case.</summary>
    public sealed record Size(int Batch, int Time, int Memory, int Heads, int HeadSize, bool SameLength)
    {
        internal Problem Draw(ScalarType type) =>
            Problem.Draw(Batch, Heads, HeadSize, new(Time, Memory, SameLength), type);
    }

    internal sealed record Problem(AttentionInputs Inputs, KeyWindows Windows, Tensor Arriving)
    {
        public static Problem Draw(int batch, int heads, int headSize, KeyWindows windows, ScalarType type)
        {
            using var randomness = new Randomness(5);
            Tensor Rounded(params long[] shape) => randomness.Normal(shape).to(type);
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

        public Tensor Apply(AttentionInputs inputs, IAttentionKernel kernel) =>
            RelativeAttentionFunction.Apply(inputs, Windows, kernel);

        public Tensor Compose(AttentionInputs inputs)
        {
            var (batch, time, keys) = (inputs.Queries.shape[0], Windows.Time, Windows.Keys);
            var (heads, size) = (inputs.ContentBias.shape[0], inputs.ContentBias.shape[1]);
            Tensor Scaled(Tensor bias) =>
                ((inputs.Queries.to(ScalarType.Float64).view(batch, time, heads, size) + bias.to(ScalarType.Float64)) * inputs.Scale.to(ScalarType.Float64)).transpose(1, 2);
            var parts = inputs.KeysAndValues.to(ScalarType.Float64)
                .view(batch, keys, heads, 2, size)
                .permute(3, 0, 2, 1, 4);
            var places = inputs.Places.to(ScalarType.Float64).view(keys, heads, size).permute(1, 2, 0); // [heads, head, S]
            var content = matmul(Scaled(inputs.ContentBias), parts[0].transpose(2, 3)); // [batch, heads, T, S]
            var position = matmul(Scaled(inputs.PositionBias), places); // [batch, heads, T, S]
            var probabilities = RelativeSoftmax.Compose(content, position, RelativePositions.Create(Windows, 4, CPU));
            return matmul(probabilities, parts[1]).transpose(1, 2).flatten(2); // [batch, T, heads · head]
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
