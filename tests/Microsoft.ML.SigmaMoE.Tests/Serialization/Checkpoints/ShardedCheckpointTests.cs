using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ShardedCheckpointTests
{
    private const string First = "model-00001-of-00002.safetensors", Second = "model-00002-of-00002.safetensors";
    private static readonly int[][] Rows = [[1, 2, 3, 4, 5, 6, 7, 60, 63], [9, 9, 9]];
    private static readonly string Case = Path.Combine(AppContext.BaseDirectory, "Reference", "Cases", "hf_sigma_moe");

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(5, true)]
    public void Import_OfAModelInSeveralFiles_IsTheSameModel(int count, bool byIndex)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        File.Copy(Path.Combine(Case, "config.json"), folder.File("config.json"));
        Shards.Write(folder, SafeTensorsFile.Read(Path.Combine(Case, "model.safetensors")), count);
        using var whole = LanguageModel.Import(Case, new() { Precision = Precision.Float32 });
        using var parts = LanguageModel.Import(
            byIndex ? folder.File(Shards.Index) : folder.Path, new() { Precision = Precision.Float32 });
        Assert.Equal(Scores(whole), Scores(parts));
    }

    [Fact]
    public void Import_OfThePapersNamesInSeveralFiles_ScoresAsTheAuthorsCode()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_sigma_moe");
        Shards.Write(
            folder, ReferenceCheckpoint.Weights(reference).ToDictionary(weight => weight.Name, weight => weight.Tensor),
            3);
        using var model = LanguageModel.Import(folder.Path, new()
        {
            Model = CaseOptions.Model(reference.Settings),
            FeedForward = CaseOptions.FeedForward(reference.Settings),
            Precision = Precision.Float32,
        });
        ReferenceCheckpoint.CheckScores(reference, model);
    }

    [Fact]
    public void Open_WithoutAShard_NamesIt()
    {
        using var folder = Written();
        File.Delete(folder.File(Second));
        Assert.Contains(
            Second, Assert.Throws<FileNotFoundException>(() => Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfADamagedShard_NamesIt()
    {
        using var folder = Written();
        File.WriteAllBytes(folder.File(First), File.ReadAllBytes(folder.File(First))[..^3]);
        Assert.Contains(
            $"{First}' is damaged. The safetensors file is cut short", Refused(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfATensorInTwoShards_NamesBoth()
    {
        using var folder = Written();
        using var scope = NewDisposeScope();
        SafeTensorsFile.Write(folder.File(Second), [("b", ones(4)), ("a", ones(2, 3)), ("d", ones(5))]);
        Assert.Matches($"'a' stands in '.*{First}' and in '.*{Second}'", Refused(folder));
    }

    [Fact]
    public void Open_OfATensorThatTheIndexDoesNotKnow_NamesIt()
    {
        using var folder = Written();
        using var scope = NewDisposeScope();
        SafeTensorsFile.Write(folder.File(Second), [("b", ones(4)), ("d", ones(5)), ("extra", ones(2))]);
        Assert.Contains("has 'extra', unlike what the index says", Refused(folder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("b", First, "misses 'b', unlike what the index says")]
    [InlineData("e", First, "misses 'e', unlike what the index says")]
    [InlineData("b", null, "has 'b', unlike what the index says")]
    public void Open_OfAnIndexThatDisagrees_NamesTheTensor(string name, string? shard, string message)
    {
        using var folder = Written(index =>
        {
            index["weight_map"]!.AsObject().Remove(name);
            if (shard is not null)
            {
                index["weight_map"]![name] = shard;
            }
        });
        Assert.Contains(message, Refused(folder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../model-00001-of-00002.safetensors")]
    [InlineData("/etc/model.safetensors")]
    [InlineData("..\\model.safetensors")]
    [InlineData("C:model.safetensors")]
    [InlineData("parts/model-00001-of-00002.safetensors")]
    [InlineData("..safetensors")]
    [InlineData(".safetensors")]
    [InlineData("model\0.safetensors")]
    [InlineData("model.bin")]
    [InlineData("")]
    public void Open_OfAShardElsewhere_Refuses(string shard)
    {
        using var folder = Written(index => index["weight_map"]!["a"] = shard);
        Assert.Contains("'a' stands in", Refused(folder), StringComparison.Ordinal);
        Assert.Contains("named without a folder", Refused(folder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("60.0", true)]
    [InlineData("60", true)]
    [InlineData("61", false)]
    [InlineData("-60", false)]
    [InlineData("\"60\"", false)]
    [InlineData("1e300", false)]
    public void Open_OfATotalSize_ComparesIt(string size, bool isRight)
    {
        using var folder = Written(index => index["metadata"]!["total_size"] = JsonNode.Parse(size));
        if (isRight)
        {
            using var checkpoint = Open(folder);
            Assert.Equal(["a", "b", "c", "d"], checkpoint.Tensors.Keys.Order());
            return;
        }

        Assert.Matches("The index speaks of 61 bytes .* hold 60|Its total_size is", Refused(folder));
    }

    [Theory]
    [InlineData("", "no index of shards")]
    [InlineData("[]", "no object 'weight_map'")]
    [InlineData("""{"weight_map": []}""", "no object 'weight_map'")]
    [InlineData("""{"weight_map": {}}""", "names 0 shards")]
    [InlineData("""{"weight_map": {"a": 1}}""", "'a' stands in 1")]
    [InlineData("""{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}""", "no index of shards")]
    [InlineData("""{"weight_map": {"\ud800": "x.safetensors"}}""", "no index of shards")]
    [InlineData("""{"weight_map": {"a": "\ud800.safetensors"}}""", "no index of shards")]
    public void Open_OfSomethingElse_SaysWhy(string json, string message)
    {
        using var folder = Written();
        File.WriteAllText(folder.File(Shards.Index), json);
        Assert.Contains(message, Refused(folder), StringComparison.Ordinal);
        Assert.Contains(Shards.Index, Refused(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfTooManyShards_Refuses()
    {
        using var folder = Written(index =>
            Enumerable.Range(0, 5000).ToList().ForEach(i => index["weight_map"]![$"t{i}"] = $"s{i}.safetensors"));
        Assert.Contains("names 5002 shards", Refused(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfAHugeIndex_ReadsOnlyItsBeginning()
    {
        using var endless = new EndlessStream();
        Assert.Contains(
            "longer than", Assert.Throws<InvalidDataException>(() => ShardIndex.Read(endless)).Message,
            StringComparison.Ordinal);
        Assert.True(endless.Position <= ShardIndex.MaxLength + (1 << 17));
    }

    /// <summary>Spaces without end.</summary>
    private sealed class EndlessStream : MemoryStream
    {
        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)' ');
            Position += count;
            return count;
        }
    }

    private static float[][] Scores(LanguageModel model) =>
        [.. model.Score(Rows).Select(score => score.TokenLogLikelihoods)];

    // a and c in the first file, b and d in the second; 60 bytes in all
    private static TemporaryFolder Written(Action<JsonNode>? change = null)
    {
        using var scope = NewDisposeScope();
        var folder = new TemporaryFolder();
        var tensors =
            new Dictionary<string, Tensor> { ["a"] = ones(2, 3), ["b"] = ones(4), ["c"] = ones([]), ["d"] = ones(4) };
        var index = JsonNode.Parse(Shards.Write(folder, tensors, 2))!;
        change?.Invoke(index);
        File.WriteAllText(folder.File(Shards.Index), index.ToJsonString());
        return folder;
    }

    private static ICheckpoint Open(TemporaryFolder folder) => CheckpointFile.Open(folder.Path);

    private static string Refused(TemporaryFolder folder) =>
        Assert.Throws<InvalidDataException>(() => Open(folder)).Message;
}
