using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TorchArchiveTests
{
    public static TheoryData<ScalarType> Types =>
        [float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8, @bool];

    [Theory]
    [MemberData(nameof(Types))]
    public void Read_OfATensorOfAnyType_GivesItBitForBit(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var original = type == ScalarType.Bool
            ? arange(6).view(2, 3).remainder(2).to(type)
            : arange(6).view(2, 3).to(type);
        var read = RoundTrip(TorchView.Of(original));
        Assert.Equal(type, read.dtype);
        Assert.Equal(original.shape, read.shape);
        Assert.Equal(original.bytes.ToArray(), read.bytes.ToArray());
    }

    [Fact]
    public void Read_OfAViewWithStrides_GivesItsElements()
    {
        using var scope = NewDisposeScope();
        var storage = WrittenStorage.Of(arange(20, dtype: float32));
        Assert.Equal(
            [5f, 9, 13, 6, 10, 14], RoundTrip(new TorchView(storage, 5, [2, 3], [1, 4])).data<float>().ToArray());
        Assert.Equal([19f], RoundTrip(new TorchView(storage, 19, [], [])).data<float>().ToArray());
        Assert.Equal([0, 7], RoundTrip(new TorchView(storage, 20, [0, 7], [7, 1])).shape);
        Assert.Equal([0f, 1, 1, 2], RoundTrip(new TorchView(storage, 0, [2, 2], [1, 1])).data<float>().ToArray());
    }

    [Fact]
    public void Read_OfTensorsThatShareAStorage_GivesEachItsPart()
    {
        using var scope = NewDisposeScope();
        var storage = WrittenStorage.Of(arange(8, dtype: float32));
        var other = TorchView.Of(ones(3));
        using var archive = Open(
            new List<object?> { new TorchView(storage, 0, [4], [1]), other, new TorchView(storage, 4, [4], [1]) });
        var tensors = Assert.IsType<List<object?>>(archive.Root).Cast<TorchTensor>().Select(archive.Read).ToArray();
        Assert.Equal([0f, 1, 2, 3], tensors[0].data<float>().ToArray());
        Assert.Equal([1f, 1, 1], tensors[1].data<float>().ToArray());
        Assert.Equal([4f, 5, 6, 7], tensors[2].data<float>().ToArray());
        Assert.True(tensors.All(tensor => tensor.is_contiguous()));
    }

    [Fact]
    public void Root_OfNumbersTextsAndContainers_IsWhatWasSaved()
    {
        long[] numbers =
            [0, 255, 256, 65535, 65536, -1, int.MinValue, int.MaxValue, 1L << 40, long.MinValue, long.MaxValue];
        using var archive = Open(new Dictionary<string, object?>
        {
            ["numbers"] = numbers,
            ["rate"] = 2.5e-4,
            ["text"] = "σ-MoE 🌊",
            ["nothing"] = null,
            ["flags"] = new List<bool> { true, false },
            ["pair"] = (1L, "two"),
            ["many"] = (1L, 2L, 3L, 4L, 5L),
            ["none"] = ValueTuple.Create(),
        });
        var root = Assert.IsType<PickleDictionary>(archive.Root).Items.ToDictionary(
            item => (string)item.Key, item => item.Value);
        Assert.Equal(numbers.Cast<object>(), Assert.IsType<List<object?>>(root["numbers"]));
        Assert.Equal(2.5e-4, root["rate"]);
        Assert.Equal("σ-MoE 🌊", root["text"]);
        Assert.Null(root["nothing"]);
        Assert.Equal([true, false], Assert.IsType<List<object?>>(root["flags"]));
        Assert.Equal([1L, "two"], Assert.IsType<object?[]>(root["pair"]));
        Assert.Equal([1L, 2L, 3L, 4L, 5L], Assert.IsType<object?[]>(root["many"]));
        Assert.Empty(Assert.IsType<object?[]>(root["none"]));
    }

    [Fact]
    public void Root_OfManyWeights_HasEachByItsName()
    {
        using var scope = NewDisposeScope();
        var weights = Enumerable.Range(0, 300).Select(number => ($"w{number}", TorchView.Of(full(2, (float)number))));
        using var archive = Open(new WrittenWeights(weights));
        var read = Assert.IsType<PickleDictionary>(archive.Root);
        Assert.Equal(300, read.Items.Count);
        Assert.True(read.TryGet<TorchTensor>("w299", out var last));
        Assert.Equal([299f, 299], archive.Read(last).data<float>().ToArray());
    }

    [Fact]
    public void Root_OfAParameter_IsItsTensor()
    {
        using var scope = NewDisposeScope();
        var read = RoundTrip(TorchView.Of(ones(2)) with { IsParameter = true });
        Assert.Equal([1f, 1], read.data<float>().ToArray());
    }

    [Fact]
    public void Read_LeavesNoTensorBehind()
    {
        using var saved = arange(6);
        var file = TorchFileWriter.Write(TorchView.Of(saved));
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var archive = TorchArchive.Open(new MemoryStream(file)))
        {
            archive.Read((TorchTensor)archive.Root!).Dispose();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Tensor RoundTrip(TorchView tensor)
    {
        using var archive = Open(tensor);
        return archive.Read(Assert.IsType<TorchTensor>(archive.Root));
    }

    private static TorchArchive Open(object? value) =>
        TorchArchive.Open(new MemoryStream(TorchFileWriter.Write(value)));
}
