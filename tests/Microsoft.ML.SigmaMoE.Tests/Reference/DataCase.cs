using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A file of bytes, its splits, and the batches that the authors' sampler makes of each.</summary>
internal static class DataCase
{
    public static void Run(ReferenceCase reference)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var bytes = File.ReadAllBytes(Path.Combine(reference.Folder, "corpus.bin"));
        byte[] vocabulary = [.. bytes.Distinct().Order()];
        reference.Check("out.vocabulary", tensor(vocabulary).to(int64), 0);
        int[] ids = [.. bytes.Select(value => Array.BinarySearch(vocabulary, value))];
        var start = 0;
        foreach (var split in new[] { "train", "valid", "test" })
        {
            var length = reference.Settings.Int($"{split}_bytes");
            reference.Check($"out.{split}.tokens", tensor(ids[start..(start + length)]).to(int64), 0);
            using var tokens = TokenFiles.Create(folder.File(split), vocabulary.Length, WithNext(ids, start, length));
            CheckBatches(reference, split, tokens);
            start += length;
        }
    }

    // The authors read one token past the end of a split: the next split's first, and 0 at the end of the file.
    private static int[] WithNext(int[] ids, int start, int length) =>
        [.. ids[start..(start + length)], start + length < ids.Length ? ids[start + length] : 0];

    private static void CheckBatches(ReferenceCase reference, string split, TokenFile tokens)
    {
        var expected = reference[$"out.{split}.batches"];                                   // [step, time + 1, batch]
        var stream = new TokenStream(tokens, reference.Settings.Int("batch"), reference.Settings.Int("unroll"));
        Assert.Equal(expected.shape[0], stream.StepsPerEpoch);
        for (var step = 0; step < stream.StepsPerEpoch; step++)
        {
            reference.Compare(expected[step].t(), stream.Next(), 0, $"out.{split}.batches");
        }

        Assert.True(stream.StartsEpoch);
    }
}
