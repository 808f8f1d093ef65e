using System.Text;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Damaged config.json files of the Hugging Face form: a model that its weights fill, or a refusal.</summary>
public sealed class HuggingFaceMutationTests
{
    private const int Files = 12_000;
    private const int MostManagedBytes = 1 << 20;
    private static readonly string Case = Path.Combine(AppContext.BaseDirectory, "Reference", "Cases", "hf_sigma_moe");

    private static readonly string[] Values =
    [
        "0", "1", "-1", "2", "3", "7", "40", "2147483647", "4294967296", "1e300", "0.3", "-0.5",
        "true", "false", "null", "\"gelu_new\"", "\"softmax\"", "[]", "{}",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Describe_OfAMutatedConfiguration_GivesAModelOrRefuses(bool structured)
    {
        using var folder = new TemporaryFolder();
        var original = File.ReadAllBytes(Path.Combine(Case, "config.json"));
        File.Copy(Path.Combine(Case, "model.safetensors"), folder.File("model.safetensors"));
        using var checkpoint = CheckpointFile.Open(folder.Path);
        var random = new Random(99);
        var described = 0;
        for (var index = 0; index < Files / 2; index++)
        {
            File.WriteAllBytes(
                folder.File("config.json"), structured ? Restructure(original, random) : Mutation.Of(original, random));
            described += Survives(checkpoint, folder, index) ? 1 : 0;
        }

        // both outcomes must occur often, or the test tests nothing
        Assert.InRange(described, Files / 50, Files / 2 - Files / 10);
    }

    private static bool Survives(ICheckpoint checkpoint, TemporaryFolder folder, int index)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            CheckpointImport.Describe(CheckpointForm.Of(checkpoint), new(), folder.Path);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostManagedBytes, $"file {index}");
        }
        catch (Exception fault) when (fault is InvalidDataException or NotSupportedException)
        {
            return false;
        }

        return index % 40 != 0 || IsBuilt(folder);
    }

    // Building takes longer, so that only some are: they become the model or say what does not fit.
    private static bool IsBuilt(TemporaryFolder folder)
    {
        try
        {
            using var model = LanguageModel.Import(folder.Path, new() { Precision = Precision.Float32 });
            Assert.Equal(64, model.VocabularySize);
        }
        catch (InvalidDataException)
        {
            // a tensor is missing, left over, or of another shape
        }

        return true;
    }

    private static byte[] Restructure(byte[] original, Random random)
    {
        var config = JsonNode.Parse(original)!.AsObject();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var name = config.Select(pair => pair.Key).ElementAt(random.Next(config.Count));
            config[name] = JsonNode.Parse(Values[random.Next(Values.Length)]);
        }

        return Encoding.UTF8.GetBytes(config.ToJsonString());
    }
}
