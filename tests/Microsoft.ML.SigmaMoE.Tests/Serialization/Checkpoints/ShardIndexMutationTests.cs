using System.Text;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Damaged indexes over whole files: whatever opens holds what the files hold, and nothing outside the folder is
/// opened.
/// </summary>
public sealed class ShardIndexMutationTests
{
    private const int Files = 12_000;
    private const int MostManagedBytes = 1 << 20;
    private static readonly string[] Names = ["a", "b", "c", "d", "e"];

    private static readonly string?[] Places =
    [
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "decoy.safetensors",
        "../decoy.safetensors",
        "/decoy.safetensors", "", null,
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_OfAMutatedIndex_LoadsOrRefuses(bool structured)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var tensors = Tensors();
        var original = Shards.Write(folder, tensors, 2);
        var random = new Random(4711);
        var opened = 0;
        for (var index = 0; index < Files / 2; index++)
        {
            var mutated = structured
                ? Restructure(original, random)
                : Mutation.Of(Encoding.UTF8.GetBytes(original), random);
            File.WriteAllBytes(folder.File(Shards.Index), mutated);
            opened += Survives(folder, tensors, $"file {index}") ? 1 : 0;
        }

        // both outcomes must occur often, or the test tests nothing
        Assert.InRange(opened, Files / 200, Files / 4);
    }

    private static bool Survives(TemporaryFolder folder, Dictionary<string, Tensor> tensors, string which)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var checkpoint = CheckpointFile.Open(folder.Path);
            foreach (var name in checkpoint.Tensors.Keys)
            {
                using var read = checkpoint.Read(name);
                TensorAssert.Same(tensors[name], read, $"{which}, {name}");
            }

            return true;
        }
        catch (Exception fault) when (fault is InvalidDataException or FileNotFoundException)
        {
            return false;
        }
        finally
        {
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostManagedBytes, which);
        }
    }

    // Well-formed, but wrong: names moved, removed, added, sent elsewhere; sizes changed.
    private static byte[] Restructure(string original, Random random)
    {
        var index = JsonNode.Parse(original)!;
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var name = Names[random.Next(Names.Length)];
            switch (random.Next(5))
            {
                case 0:
                    index["weight_map"]!.AsObject().Remove(name);
                    break;
                case 1:
                    index["metadata"]!["total_size"] = random.Next(4) == 0 ? 76 : random.Next(-2, 100);
                    break;
                case 2:
                    index["metadata"]!.AsObject().Remove("total_size");
                    break;
                default:
                    index["weight_map"]![name] = Places[random.Next(Places.Length)];
                    break;
            }
        }

        return Encoding.UTF8.GetBytes(index.ToJsonString());
    }

    private static Dictionary<string, Tensor> Tensors() =>
        new() { ["a"] = randn(2, 3), ["b"] = randn(4), ["c"] = randn([]), ["d"] = arange(4) };
}
