using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// The library itself on a device: the experts' gradients, the layer with every router, then training, whose losses
/// must be the processor's.
/// </summary>
internal sealed class TorchCheck(Device device, TextWriter output)
{
    // steps of training: rounding grows with them, on the processor as on the device
    private const int Steps = 200;

    /// <summary>Compares gradients of experts and layers.</summary>
    /// <returns>How many failed.</returns>
    public int Gradients() => Experts(ScalarType.Float32, 5e-6) + Experts(ScalarType.Float16, 2e-3)
        + Experts(ScalarType.BFloat16, 1e-2) + new LayerCheck(device, output).Run();

    /// <summary>Compares losses of training.</summary>
    /// <param name="text">A text file to train on, or null for this library's own kernels.</param>
    /// <returns>How many failed.</returns>
    public int Training(string? text) => Training(Precision.Float32, 2e-3, text)
        + Training(Precision.TensorFloat32, 1e-2, text) + Training(Precision.Float16, 1e-2, text)
        + Training(Precision.BFloat16, 2e-2, text);

    private int Experts(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        var problem = new LayerProblem(
            new(300, 70, 6, 33, 4, type == ScalarType.BFloat16 ? TileNumbers.BFloat16 : TileNumbers.Float32),
            bias: true);
        var s = problem.Sizes;
        Tensor[] leaves =
        [
            Leaf(problem.Tokens, s.Tokens, s.ModelSize), Leaf(problem.Gates, s.Tokens, s.Active),
            Leaf(problem.Up, s.Experts, s.ExpertSize, s.ModelSize),
            Leaf(problem.Down, s.Experts, s.ExpertSize, s.ModelSize),
            Leaf(problem.Bias!, s.Experts, s.ExpertSize),
        ];
        var inputs = new ExpertInputs(leaves[0], leaves[1], leaves[2], leaves[3], leaves[4]);
        var backend = ExpertBackends.For(type, inputs);
        var batch = ExpertBatch.Create(tensor(problem.Choices).view(s.Tokens, s.Active).to(device), s.Experts);
        var result = ExpertFunction.Apply(backend, inputs, batch, null);
        result.backward([tensor(problem.Gradient).view(s.Tokens, s.ModelSize).to(device)]);

        var wanted = new LayerReference(problem);
        double[][] expected =
            [wanted.Output, wanted.ByTokens, wanted.ByGates, wanted.ByUp, wanted.ByDown, wanted.ByBias];
        var got = new[] { result.detach() }.Concat(leaves.Select(leaf => leaf.grad!)).Select(Values).ToArray();
        string[] names =
            ["y", "gradient by x", "gradient by gates", "gradient by up", "gradient by down", "gradient by bias"];
        var fault = names.Select((name, i) => Closeness.Fault(name, expected[i], got[i], tolerance)).FirstOrDefault(
            found => found is not null);
        return Report($"experts in {type} by {backend.Name}", fault);
    }

    private int Training(Precision precision, double tolerance, string? text)
    {
        var documents = text is null
            ? [.. KernelParts.All.Select(program => program.Source.Text)]
            : File.ReadAllText(text).Split("\n\n");
        var options = new LanguageModelOptions
        {
            Model = new() { ModelSize = 96, LayerCount = 2, HeadCount = 4, SegmentLength = 64, MemoryLength = 64 },
            FeedForward = new MixtureOfExpertsOptions { ExpertCount = 8, ExpertSize = 32, ActiveExperts = 2 },
            Tokenizer = new ByteTokenizerOptions(),
            Training = new() { MaxSteps = 1, BatchSize = 8, Seed = 1, ReportInterval = 1 },
            Precision = precision,
        };
        using var initial = Train(CPU, null, options, documents);
        var training = options.Training with { MaxSteps = Steps };
        using var here = Train(CPU, initial, options with { Training = training }, documents);
        using var there = Train(device, initial, options with { Training = training }, documents);
        var worst = here.History.Zip(there.History).Max(
            pair => Math.Abs(pair.First.Loss - pair.Second.Loss) / pair.First.Loss);
        var (first, last) = (there.History[0], there.History[^1]);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  loss {first.Loss:F4} → {last.Loss:F4}, {last.TokensPerSecond:F0} tokens a second, largest relative difference {worst:G3}"));
        return Report(
            $"training in {precision}",
            worst <= tolerance && last.Loss < 0.8 * first.Loss ? null : $"losses differ by {worst:G3}");
    }

    private static LanguageModel Train(
        Device device, LanguageModel? initial, LanguageModelOptions options, string[] documents)
    {
        var texts = documents.Select(document => document.AsMemory());
        var training = new LanguageModelTraining(device, Path.GetTempPath());
        return initial is null ? training.Train(options, texts) : training.Continue(initial, options.Training, texts);
    }

    private Tensor Leaf(float[] values, params long[] shape) =>
        tensor(values).view(shape).to(device).detach().requires_grad_();

    private static float[] Values(Tensor tensor) => tensor.cpu().contiguous().data<float>().ToArray();

    private int Report(string name, string? fault)
    {
        output.WriteLine(fault is null ? $"passed {name}" : $"FAILED {name}: {fault}");
        return fault is null ? 0 : 1;
    }
}
