using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TorchArchivePropertyTests
{
    [Fact]
    public void Root_OfAnyValue_IsWhatWasSaved()
    {
        var random = new Random(55);
        for (var round = 0; round < 500; round++)
        {
            using var scope = NewDisposeScope();
            var value = Draw(random, depth: 3);
            using var archive = TorchArchive.Open(new MemoryStream(TorchFileWriter.Write(value)));
            Check(value, archive.Root, archive);
        }
    }

    [Fact]
    public void Read_OfAnyView_GivesItsElementsOrRefusesWhatLeavesItsStorage()
    {
        var random = new Random(56);
        var (accepted, refused) = (0, 0);
        for (var round = 0; round < 2000; round++)
        {
            using var scope = NewDisposeScope();
            var (view, places, length) = DrawView(random);
            var file = TorchFileWriter.Write(view);
            if (places.All(place => place < length) && places.Count <= length)
            {
                using var archive = TorchArchive.Open(new MemoryStream(file));
                Assert.Equal(
                    places.Select(place => (float)place),
                    archive.Read((TorchTensor)archive.Root!).data<float>().ToArray());
                accepted++;
            }
            else
            {
                Assert.Throws<InvalidDataException>(() => TorchArchive.Open(new MemoryStream(file)).Dispose());
                refused++;
            }
        }

        Assert.InRange(accepted, 400, 1600);
        Assert.InRange(refused, 400, 1600);
    }

    private static object? Draw(Random random, int depth) => random.Next(depth > 0 ? 9 : 6) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => random.NextInt64() >> random.Next(64),
        3 => -(random.NextInt64() >> random.Next(64)),
        4 => random.NextDouble() * Math.Pow(10, random.Next(-300, 300)),
        5 => new string([.. Enumerable.Range(0, random.Next(300)).Select(_ => (char)random.Next(1, 0xD800))]),
        6 => Enumerable.Range(0, random.Next(5)).Select(_ => Draw(random, depth - 1)).ToList(),
        7 => Enumerable.Range(0, random.Next(5)).ToDictionary(key => $"key {key} σ", _ => Draw(random, depth - 1)),
        _ => TorchView.Of(arange(random.Next(12), dtype: float32).view(-1, 1)),
    };

    private static void Check(object? wanted, object? read, TorchArchive archive)
    {
        switch (wanted)
        {
            case List<object?> list:
                var items = Assert.IsType<List<object?>>(read);
                Assert.Equal(list.Count, items.Count);
                list.Zip(items).ToList().ForEach(pair => Check(pair.First, pair.Second, archive));
                break;
            case Dictionary<string, object?> dictionary:
                var entries = Assert.IsType<PickleDictionary>(read).Items;
                Assert.Equal(dictionary.Keys, entries.Select(entry => (string)entry.Key));
                dictionary.Values.Zip(entries).ToList().ForEach(pair => Check(pair.First, pair.Second.Value, archive));
                break;
            case TorchView view:
                TensorAssert.Same(
                    view.Storage.Numbers.view(view.Shape), archive.Read(Assert.IsType<TorchTensor>(read)));
                break;
            default:
                Assert.Equal(wanted, read);
                break;
        }
    }

    // up to three dimensions over a storage that counts up, and the place of each element
    private static (TorchView View, List<long> Places, int Length) DrawView(Random random)
    {
        var length = random.Next(1, 25);
        long[] shape = [.. Enumerable.Range(0, random.Next(4)).Select(_ => (long)random.Next(1, 4))];
        long[] strides = [.. shape.Select(_ => (long)random.Next(5))];
        var offset = random.Next(8);
        List<long> places = [offset];
        foreach (var (size, stride) in shape.Zip(strides))
        {
            places =
                [.. places.SelectMany(place => Enumerable.Range(0, (int)size).Select(step => place + step * stride))];
        }

        return (new(WrittenStorage.Of(arange(length, dtype: float32)), offset, shape, strides), places, length);
    }
}
