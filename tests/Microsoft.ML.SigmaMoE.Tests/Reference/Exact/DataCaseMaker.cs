using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Makes cases of kind "data": bytes, their splits and the batches that are read of each.</summary>
internal static class DataCaseMaker
{
    public static void Write(string folder, int train, int valid, int test, int batch, int time)
    {
        using var scope = NewDisposeScope();
        var random = new Random(3);
        byte[] bytes = [.. Enumerable.Range(0, train + valid + test).Select(_ => (byte)(10 + 7 * random.Next(30)))];
        var vocabulary = bytes.ToHashSet().Order().ToList();
        long[] ids = [.. bytes.Select(value => (long)vocabulary.IndexOf(value)), 0];
        var tensors = new CaseTensors(1);
        tensors.Add("out.vocabulary", tensor(vocabulary.Select(value => (long)value).ToArray()));
        var start = 0;
        foreach (var (split, length) in new[] { ("train", train), ("valid", valid), ("test", test) })
        {
            tensors.Add($"out.{split}.tokens", tensor(ids[start..(start + length)]));
            var steps = length / time / batch;
            var batches = Enumerable.Range(0, steps).SelectMany(step => Enumerable.Range(0, time + 1))
                .SelectMany((place, index) => Enumerable.Range(0, batch)
                    .Select(row => ids[start + (row * steps + index / (time + 1)) * time + place]));
            tensors.Add($"out.{split}.batches", tensor(batches.ToArray()).view(steps, time + 1, batch));
            start += length;
        }

        var config = new JsonObject
        {
            ["kind"] = "data",
            ["train_bytes"] = train,
            ["valid_bytes"] = valid,
            ["test_bytes"] = test,
            ["unroll"] = time,
            ["batch"] = batch,
            ["vocab"] = vocabulary.Count,
        };
        CaseFolder.Write(folder, config, tensors);
        File.WriteAllBytes(Path.Combine(folder, "corpus.bin"), bytes);
    }
}
