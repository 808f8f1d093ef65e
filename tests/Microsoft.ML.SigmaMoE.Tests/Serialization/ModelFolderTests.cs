using System.Collections;
using System.Text;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ModelFolderTests
{
    public static TheoryData<FeedForwardOptions> Blocks => [.. TinyModel.Blocks];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Load_OfASavedModel_GivesTheSameModel(FeedForwardOptions block)
    {
        using var folder = new TemporaryFolder();
        var saved = StoredModels.Create(block, SampleTokenizers.BytePair);
        ModelFolder.Save(folder.Path, saved);
        var loaded = ModelFolder.Load(folder.Path, CPU);
        Assert.Equal(StoredModels.Logits(saved.Network), StoredModels.Logits(loaded.Network));
        Assert.Equal(saved.Options.FeedForward, loaded.Options.FeedForward);
        Assert.Equal(saved.Options.Model, loaded.Options.Model);
        Assert.Equal(saved.Options.Training, loaded.Options.Training);
        Assert.Equal(saved.Tokenizer!.Encode("this theory"), loaded.Tokenizer!.Encode("this theory"));
        Assert.Equal(
            (10, 5.25, 1.5), (loaded.History[0].Step, loaded.History[0].Loss, loaded.History[0].Elapsed.TotalSeconds));
        StoredModels.Dispose(saved);
        StoredModels.Dispose(loaded);
    }

    [Fact]
    public void Save_OfTheSameModelTwice_MakesTheSameBytes()
    {
        var model = StoredModels.Create();
        var (first, second) = (StoredModels.Save(model), StoredModels.Save(model));
        Assert.Equal(first.Files.Keys, second.Files.Keys);
        Assert.All(first.Files, file => Assert.Equal(file.Value, second.Files[file.Key]));
        StoredModels.Dispose(model);
    }

    [Fact]
    public void Save_OfAMixture_HasTheAuthorsNamesAndLayout()
    {
        using var scope = NewDisposeScope();
        var model = StoredModels.Create();
        using var stream = new MemoryStream(StoredModels.Save(model).Files["model.safetensors"]);
        var reader = new SafeTensorsReader(stream);
        Assert.Equal("pt", reader.Metadata["format"]);
        Assert.Equal([257L, 8], reader.Entries.Single(entry => entry.Name == "embedding.weight").Shape);
        Assert.Equal([4L, 8, 3], reader.Entries.Single(entry => entry.Name == "layers.1.pkm.keys").Shape);
        Assert.Equal([4L, 3, 8], reader.Entries.Single(entry => entry.Name == "layers.1.pkm.values").Shape);
        var ours = model.Network.get_parameter("layers.1.feed_forward.expert_up")!;
        TensorAssert.Same(ours.transpose(1, 2), reader.Read("layers.1.pkm.keys"));
        StoredModels.Dispose(model);
    }

    [Fact]
    public void Save_ThatFailsHalfWay_KeepsTheOldModel()
    {
        using var folder = new TemporaryFolder();
        var (good, other) = (StoredModels.Create(), StoredModels.Create(seed: 4));
        ModelFolder.Save(folder.Path, good);
        var expected = StoredModels.Logits(good.Network);
        Assert.NotEqual(expected, StoredModels.Logits(other.Network));
        Assert.Throws<IOException>(() => ModelFolder.Save(folder.Path, other with { History = new BrokenHistory() }));
        var loaded = ModelFolder.Load(folder.Path, CPU);
        Assert.Equal(expected, StoredModels.Logits(loaded.Network));
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries(folder.Path), entry => entry.Contains("staging", StringComparison.Ordinal));
        StoredModels.Dispose(good);
        StoredModels.Dispose(other);
        StoredModels.Dispose(loaded);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("training_history.json")]
    [InlineData("text_tokenizer.json")]
    public void Load_WithoutAFile_NamesIt(string name)
    {
        var files = SavedFiles();
        files.Files.Remove(name);
        Assert.Contains(
            name, Assert.Throws<FileNotFoundException>(() => ModelFolder.Load(files, CPU)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("training_history.json")]
    public void Load_OfATruncatedFile_NamesIt(string name)
    {
        var files = SavedFiles();
        foreach (var length in new[] { 0, 1, 9, files.Files[name].Length / 2, files.Files[name].Length - 1 })
        {
            var cut = new MemoryStreams();
            files.Files.ToList().ForEach(file => cut.Files.Add(file.Key, file.Value));
            cut.Files[name] = cut.Files[name][..length];
            Refuses(cut, name);
        }
    }

    [Fact]
    public void Load_OfAnotherVocabulary_SaysBothSizes()
    {
        var files = SavedFiles();
        SampleTokenizers.BytePair.Save(files);
        var size = SampleTokenizers.BytePair.VocabularySize;
        var thrown = Assert.Throws<InvalidDataException>(() => ModelFolder.Load(files, CPU));
        Assert.Contains(
            $"257 tokens, but the tokenizer beside it has {size}", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"expert_size\": 3", "\"expert_size\": 4", "'layers.0.pkm.keys' (F32 [4, 8, 3]) where 'layers.0.pkm.keys' (F32 [4, 8, 4])")]
    [InlineData("\"layer_count\": 2", "\"layer_count\": 1", "has 'layers.1.norm1.bias', 'layers.1.norm1.weight', 'layers.1.norm2.bias' and")]
    [InlineData("\"layer_count\": 2", "\"layer_count\": 3", "misses 'layers.2.norm1.bias'")]
    [InlineData("\"bias\": false", "\"bias\": true", "misses 'layers.0.pkm.bias', 'layers.0.pkm.o_bias', 'layers.1.pkm.bias' and 1 more")]
    [InlineData("\"expert_size\": 3", "\"expert_size\": 1000000000", "describes a model of")]
    [InlineData("\"layer_count\": 2", "\"layer_count\": 2000000000", "describes a model of")]
    public void Load_OfAConfigurationOfAnotherShape_SaysWhatDiffers(string from, string to, string message) =>
        Assert.Contains(message, Refuses(Edited(from, to), "model.safetensors"), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2", "version is 2, but this library reads version 1")]
    [InlineData("\"version\": 1", "\"version\": \"one\"", "version is one, but")]
    [InlineData("\"format\": \"Microsoft.ML.SigmaMoE\"", "\"model_type\": \"gpt2\"", "not this library's")]
    [InlineData("\"format\": \"Microsoft.ML.SigmaMoE\"", "\"format\": \"pt\"", "not this library's")]
    [InlineData("\"layer_count\": 2", "\"layer_count\": 0", "LayerCount")]
    [InlineData("\"layer_count\": 2", "\"layer_count\": 2.5", "layer_count")]
    [InlineData("\"layer_count\": 2", "\"layers\": 2", "layers")]
    [InlineData("\"active_experts\": 2", "\"active_experts\": 9", "ActiveExperts is 9")]
    [InlineData("\"kind\": \"mixture-of-experts\"", "\"kind\": \"magic\"", "magic")]
    [InlineData("\"vocabulary_size\": 257", "\"vocabulary_size\": 0", "VocabularySize")]
    [InlineData("\"head_count\": 2", "\"head_count\": 2, \"head_count\": 2", "head_count")]
    [InlineData("\"expert_count\": 4", "\"expert_count\": 2147483647, \"expert_size\": 2147483647", "expert_size")]
    public void Load_OfAnUnusableConfiguration_SaysWhy(string from, string to, string message) =>
        Assert.Contains(message, Refuses(Edited(from, to), "config.json"), StringComparison.Ordinal);

    [Fact]
    public void Load_OfAHugeConfiguration_ReadsOnlyItsBeginning()
    {
        var files = SavedFiles();
        files.Files["config.json"] = new byte[3 << 20];
        Assert.Contains("longer than", Refuses(files, "config.json"), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAHistoryWithANumberThatIsNone_KeepsIt()
    {
        var model = StoredModels.Create();
        var files = StoredModels.Save(model with { History = [new() { Step = 1, Loss = double.NaN }] });
        var loaded = ModelFolder.Load(files, CPU);
        Assert.True(double.IsNaN(Assert.Single(loaded.History).Loss));
        StoredModels.Dispose(model);
        StoredModels.Dispose(loaded);
    }

    // Written after the weights.
    private sealed class BrokenHistory : IReadOnlyList<TrainingProgress>
    {
        public int Count => 1;

        public TrainingProgress this[int index] => throw new IOException("disk full");

        public IEnumerator<TrainingProgress> GetEnumerator() => throw new IOException("disk full");

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private static MemoryStreams SavedFiles()
    {
        var model = StoredModels.Create();
        var files = StoredModels.Save(model);
        StoredModels.Dispose(model);
        return files;
    }

    private static MemoryStreams Edited(string from, string to)
    {
        var files = SavedFiles();
        var json = Encoding.UTF8.GetString(files.Files["config.json"]);
        Assert.Contains(from, json, StringComparison.Ordinal);
        files.Files["config.json"] = Encoding.UTF8.GetBytes(new Regex(Regex.Escape(from)).Replace(json, to, 1));
        return files;
    }

    private static string Refuses(MemoryStreams files, string name)
    {
        var thrown = Assert.Throws<InvalidDataException>(() => ModelFolder.Load(files, CPU));
        Assert.Contains($"memory/{name}", thrown.Message, StringComparison.Ordinal);
        return thrown.Message;
    }
}
