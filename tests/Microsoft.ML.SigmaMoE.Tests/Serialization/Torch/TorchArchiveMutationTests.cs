using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TorchArchiveMutationTests
{
    private const int Files = 12_000;
    private const int MostManagedBytes = 1 << 20;

    [Fact]
    public void Open_OfAMutatedFile_LoadsOrThrowsInvalidData()
    {
        using var scope = NewDisposeScope();
        var original = TorchFileWriter.Write(Value());
        CheckAll(random => Mutation.Of(original, random));
    }

    // The zip's own checks hide the pickle from most mutations of the file, so here the pickle alone is mutated.
    [Fact]
    public void Open_OfAMutatedPickle_LoadsOrThrowsInvalidData()
    {
        using var scope = NewDisposeScope();
        var writer = new PickleWriter();
        var pickle = writer.Write(Value());
        CheckAll(random => TorchFileWriter.Write(Mutation.Of(pickle, random), writer.Storages));
    }

    private static void CheckAll(Func<Random, byte[]> mutate)
    {
        var random = new Random(4321);
        var refused = 0;
        for (var index = 0; index < Files / 2; index++)
        {
            refused += Survives(mutate(random), $"file {index}") ? 0 : 1;
        }

        // both outcomes must occur often, or the test tests nothing; few changes of a pickle leave one
        Assert.InRange(refused, Files / 8, Files / 2 - Files / 200);
    }

    private static bool Survives(byte[] file, string which)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var scope = NewDisposeScope();
        try
        {
            using var archive = TorchArchive.Open(new MemoryStream(file));
            Read(archive, archive.Root, file.Length);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
        catch (Exception other)
        {
            Assert.Fail($"{which}: {other}");
            return false;
        }
        finally
        {
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostManagedBytes, which);
        }
    }

    private static void Read(TorchArchive archive, object? value, int most)
    {
        if (value is TorchTensor tensor)
        {
            using var read = archive.Read(tensor);
            Assert.True(read.numel() * read.ElementSize <= most);
        }

        foreach (var (_, item) in (value as PickleDictionary)?.Items ?? [])
        {
            Read(archive, item, most);
        }
    }

    private static Dictionary<string, object?> Value()
    {
        var shared = WrittenStorage.Of(randn(12));
        return new()
        {
            ["model"] = new WrittenWeights(
            [
                ("embedding.weight", TorchView.Of(randn(20, 10))),
                ("a", new TorchView(shared, 0, [2, 3], [1, 2])),
                ("b", new TorchView(shared, 6, [6], [1])),
                ("half", TorchView.Of(ones(3, dtype: bfloat16))),
                ("mask", TorchView.Of(ones(5, dtype: @bool))),
                ("count", TorchView.Of(arange(4))),
            ]),
            ["run_invariants"] = new Dictionary<string, object?>
            {
                ["args"] = new Dictionary<string, object?> { ["lr"] = 2.5e-4, ["name"] = "run", ["n"] = 100_000, ["pair"] = (1L, 2L), ["list"] = new long[] { 1, 2, 3 } },
            },
        };
    }
}
