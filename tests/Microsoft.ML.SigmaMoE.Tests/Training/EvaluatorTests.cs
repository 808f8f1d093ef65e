using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class EvaluatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 41)]    // ten segments of four tokens
    [InlineData(1, 44)]    // three tokens more
    [InlineData(1, 3)]     // less than one segment
    public void Run_MemoryAsLongAsTheText_EqualsOnePassOverTheWhole(int batchSize, int length)
    {
        using var scope = NewDisposeScope();
        using var text = TokenFiles.CreateLearnable(_folder.File("text"), length);
        using var inSegments = TinyModel.Network(model: TinyModel.Model with { EvaluationMemoryLength = 100 });
        using var memory = new SegmentMemory(0);
        inSegments.eval();
        using var quiet = no_grad();
        var whole = inSegments.Loss(tensor(text.ReadAll(), [1, length]), memory).CrossEntropy.item<float>();

        var result = new Evaluator(inSegments, text, batchSize).Run(CancellationToken.None);

        Assert.Equal(length - 1, result.TokenCount);
        Assert.Equal(whole, result.Loss, 5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(50)]    // more than there are segments
    public void Run_AnyBatchSize_PredictsEveryTokenButTheFirst(int batchSize)
    {
        using var text = TokenFiles.CreateLearnable(_folder.File("text"), 130);
        using var network = TinyModel.Network();
        var result = new Evaluator(network, text, batchSize).Run(CancellationToken.None);
        Assert.Equal(129, result.TokenCount);
    }

    [Fact]
    public void Run_StreamAndRest_AddsUpTheirLosses()
    {
        // with no memory every segment stands for itself: 3 streams of 2 segments, a segment and 2 tokens left
        using var scope = NewDisposeScope();
        using var text = TokenFiles.CreateLearnable(_folder.File("text"), 31);
        using var network = TinyModel.Network(model: TinyModel.Model with { MemoryLength = 0 });
        var tokens = text.ReadAll();
        using var memory = new SegmentMemory(0);
        using var quiet = no_grad();
        network.eval();
        var nats = 0.0;
        for (var start = 0; start < 30; start += 4)
        {
            var time = Math.Min(4, 30 - start);
            nats += time * network.Loss(tensor(tokens[start..(start + time + 1)], [1, time + 1]), memory).CrossEntropy.item<float>();
        }

        Assert.Equal(nats, new Evaluator(network, text, 3).Run(CancellationToken.None).TotalNats, 4);
    }

    [Fact]
    public void Run_LimitedTokens_ReadsTheStartOfEveryStream()
    {
        using var text = TokenFiles.CreateLearnable(_folder.File("text"), 1000);
        using var network = TinyModel.Network();
        Assert.Equal(3 * 4 * 8, new Evaluator(network, text, 3, maxTokens: 100).Run(CancellationToken.None).TokenCount);
        Assert.Equal(3 * 4, new Evaluator(network, text, 3, maxTokens: 1).Run(CancellationToken.None).TokenCount);
    }

    [Fact]
    public void Run_NothingToPredict_IsNotANumber()
    {
        using var text = TokenFiles.Create(_folder.File("text"), 11, [3]);
        using var network = TinyModel.Network();
        var result = new Evaluator(network, text, 3).Run(CancellationToken.None);
        Assert.Equal(0, result.TokenCount);
        Assert.True(double.IsNaN(result.Loss) && double.IsNaN(result.Perplexity) && double.IsNaN(result.BitsPerByte));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Run_AnyMode_MeasuresWithoutDropoutAndLeavesTheMode(bool training)
    {
        using var text = TokenFiles.CreateLearnable(_folder.File("text"), 100);
        using var network = TinyModel.Network(model: TinyModel.Model with { Dropout = 0.5 });
        network.train(training);
        var evaluator = new Evaluator(network, text, 3);
        Assert.Equal(evaluator.Run(CancellationToken.None).Loss, evaluator.Run(CancellationToken.None).Loss);
        Assert.Equal(training, network.training);
    }

    [Fact]
    public void Run_Cancelled_Throws()
    {
        using var text = TokenFiles.CreateLearnable(_folder.File("text"), 100);
        using var network = TinyModel.Network();
        Assert.Throws<OperationCanceledException>(
            () => new Evaluator(network, text, 3).Run(new CancellationToken(true)));
    }

    [Fact]
    public void Result_KnownNumbers_HaveTheirUsualMeaning()
    {
        var result = new EvaluationResult(TokenCount: 10, TotalNats: 20 * Math.Log(2), BytesPerToken: 4);
        Assert.Equal(2 * Math.Log(2), result.Loss, 12);
        Assert.Equal(4, result.Perplexity, 12);
        Assert.Equal(0.5, result.BitsPerByte, 12); // 20 bits for 40 bytes
    }
}
