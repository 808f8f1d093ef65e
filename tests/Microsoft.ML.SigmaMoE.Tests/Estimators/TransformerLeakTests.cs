using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Counts the tensors of the whole process, so nothing else may make any meanwhile.</summary>
[Collection(Alone.Name)]
public sealed class TransformerLeakTests
{
    private readonly MLContext _context = new(1);

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Batches_AThousandOfAllColumns_LeaveNoTensorAlive(Precision precision)
    {
        using var model = TinyModel.CreateIn(precision);
        var rows = _context.Data.LoadFromEnumerable([new Document { Text = "abcdefgh" }, new Document { Text = "ab" }]);
        using var transformer = _context.Transforms.Text
            .ScoreTextWithLanguageModel("Text", model, FakeTransformer.AllColumns)
            .Fit(rows);
        CheckLeavesNothing(1000, () =>
        {
            var scored = _context.Data.CreateEnumerable<Scored>(transformer.Transform(rows), reuseRowObject: false);
            Assert.Equal([(8, 8, 8, 8), (8, 8, 2, 2)], scored.ToArray().Select(row =>
                (row.Features.Length, row.ExpertUsage.Length, row.TokenLogLikelihoods.Length, row.TokenCount)));
        });
    }

    [Fact]
    public void Models_LoadedUsedAndDisposed_LeaveNoTensorAlive()
    {
        using var archive = new MemoryStream();
        var rows = _context.Data.LoadFromEnumerable(Document.Many(4));
        using var model = TinyModel.Create();
        using var transformer = _context.Transforms.Text.ScoreTextWithLanguageModel("Text", model).Fit(rows);
        _context.Model.Save(transformer, rows.Schema, archive);
        Action use = () =>
        {
            var loaded = _context.Model.Load(archive, out _);
            using var engine = _context.Model.CreatePredictionEngine<Document, Scored>(loaded);
            Assert.Equal(4, engine.Predict(new() { Text = "text" }).TokenCount);
        };
        CheckLeavesNothing(20, use, miscounted: model.Network.parameters().Count());
    }

    [Fact]
    public void Cursors_Abandoned_LeaveNoTensorAlive()
    {
        using var model = TinyModel.Create();
        var rows = _context.Data.LoadFromEnumerable(Document.Many(40));
        using var transformer = _context.Transforms.Text.ScoreTextWithLanguageModel("Text", model).Fit(rows);
        CheckLeavesNothing(
            20, () => Assert.NotEqual(0, transformer.Transform(rows).GetColumn<float>("Perplexity").First()));
    }

    // TorchSharp counts a parameter when its tensor is made and again when the parameter takes that over, but subtracts
    // it once: it miscounts one tensor a parameter.
    private static void CheckLeavesNothing(int repetitions, Action action, int miscounted = 0)
    {
        action();
        GC.Collect();
        GC.WaitForPendingFinalizers();    // of what other tests left behind
        var before = Tensor.TotalCount;
        for (var i = 0; i < repetitions; i++)
        {
            action();
        }

        Assert.Equal(before + repetitions * miscounted, Tensor.TotalCount);
    }
}
