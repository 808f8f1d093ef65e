using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Looks at the whole process's memory, so nothing runs beside it.</summary>
[Collection(Alone.Name)]
public sealed class StreamedMemoryTests : IDisposable
{
    private const int MegaBytes = 1 << 20;

    // 16 layers of 4.5 MB, 72 MB in all; the largest tensor is 2 MB
    private static readonly LanguageModelOptions Options = new()
    {
        Model = new() { ModelSize = 128, LayerCount = 16, HeadCount = 2, SegmentLength = 16, MemoryLength = 16 },
        FeedForward = new DenseOptions { HiddenSize = 4096 },
        Tokenizer = new ByteTokenizerOptions(),
        Precision = Precision.Float32,
    };

    private readonly MLContext _context = new(1);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Save_ThenLoad_HoldsNoMoreThanAFewTensorsBesideTheModel()
    {
        Assert.SkipUnless(ResidentMemory.PeakOf(() => { }) is not null, "This system does not tell.");
        SaveAndLoad(TinyModel.CreateIn(Precision.Float32), "warm-up.zip");
        var model = TinyModel.Create(Options);
        var size = model.Cost.Parameters * sizeof(float);
        Assert.InRange(size, 64 * MegaBytes, 80 * MegaBytes);
        var (saving, loading) = SaveAndLoad(model, "model.zip");
        Assert.InRange(saving / MegaBytes, 0, 16);
        Assert.InRange((loading - size) / MegaBytes, -32, 16);    // a part may be memory that the process has kept
    }

    // the peaks of both, in bytes; disposes the model before another is loaded
    private (long Saving, long Loading) SaveAndLoad(LanguageModel model, string name)
    {
        var rows = _context.Data.LoadFromEnumerable(Document.Many(1));
        long? saving;
        using (model)
        {
            using var transformer = _context.Transforms.Text.ScoreTextWithLanguageModel("Text", model).Fit(rows);
            saving = ResidentMemory.PeakOf(() => _context.Model.Save(transformer, rows.Schema, _folder.File(name)));
        }

        var loading = ResidentMemory.PeakOf(
            () => (_context.Model.Load(_folder.File(name), out _) as IDisposable)!.Dispose());
        return (saving!.Value, loading!.Value);
    }
}
