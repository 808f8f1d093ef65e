using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The update of one parameter by one gradient, cut into blocks that threads can share.</summary>
internal sealed record AdamWPass(AdamWParameter Parameter, Tensor Gradient, AdamWCoefficients Coefficients)
{
    private const int BlockLength = 1 << 16;

    // About 4 ms on one core; below it, waking more threads costs as much as they save.
    private const long ParallelLength = 1 << 22;

    private readonly long _length = Gradient.numel();

    // the kernels of the GPU that takes it, or null
    private readonly DeviceKernels? _gpu =
        TensorKernels.Of(Gradient) is { } kernels && IsDense(Gradient) && IsDense(Parameter.Value) ? kernels : null;

    private bool FitsProcessor => _gpu is null && FloatSpan.Exists(Gradient) && FloatSpan.Exists(Parameter.Value);

    public static void Run(IReadOnlyList<AdamWPass> passes)
    {
        var here = passes.ToLookup(pass => pass.FitsProcessor);
        foreach (var group in here[false].GroupBy(pass => pass._gpu))
        {
            RunElsewhere(group.Key, [.. group]);
        }

        var blocks = here[true].SelectMany(pass => pass.Blocks()).ToArray();
        var threads = blocks.Sum(block => (long)block.Length) < ParallelLength ? 1 : CpuWork.Threads;
        CpuWork.Run(
            threads, blocks.Length, place => blocks[place].Pass.RunBlock(blocks[place].Start, blocks[place].Length));
    }

    private static void RunElsewhere(DeviceKernels? gpu, AdamWPass[] passes)
    {
        if (gpu is not null)
        {
            new CudaAdamW(gpu, passes[0].Gradient.device).Run(passes);
            return;
        }

        foreach (var pass in passes)
        {
            pass.RunByTorch();
        }
    }

    private IEnumerable<(AdamWPass Pass, int Start, int Length)> Blocks()
    {
        for (var start = 0; start < _length; start += BlockLength)
        {
            yield return (this, start, (int)Math.Min(BlockLength, _length - start));
        }
    }

    private void RunBlock(int start, int length) => AdamWKernel.Run(
        FloatSpan.Of(Parameter.Value).Slice(start, length),
        FloatSpan.Of(Gradient).Slice(start, length),
        FloatSpan.Of(Parameter.Mean).Slice(start, length),
        FloatSpan.Of(Parameter.Square).Slice(start, length),
        Coefficients);

    private static bool IsDense(Tensor tensor) => tensor.dtype == ScalarType.Float32 && tensor.is_contiguous();

    private void RunByTorch()
    {
        var c = Coefficients;
        var gradient = Gradient.Times(c.GradientScale);
        Parameter.Mean.AddInPlace(gradient.sub(Parameter.Mean), c.OneMinusBeta1);
        Parameter.Square.MultiplyInPlace(c.Beta2).AddProductInPlace(gradient, gradient, c.OneMinusBeta2);
        var root = Parameter.Square.sqrt().MultiplyInPlace(c.RootScale).AddInPlace(c.Epsilon);
        Parameter.Value.MultiplyInPlace(c.Decay).AddQuotientInPlace(Parameter.Mean, root, -c.StepSize);
    }
}
