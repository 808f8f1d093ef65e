using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SafeTensorsFileTests
{
    private static readonly long[][] Shapes = [[], [1], [5], [0], [3, 0, 2], [2, 3], [2, 1, 3, 4]];

    private static readonly ScalarType[] Types =
    [
        ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64,
        ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
    ];

    public static MatrixTheoryData<ScalarType, int> TypesAndShapes => new(Types, Enumerable.Range(0, Shapes.Length));

    [Theory]
    [MemberData(nameof(TypesAndShapes))]
    public void Read_OfWhatWasWritten_GivesTheSameTensor(ScalarType type, int shape)
    {
        using var scope = NewDisposeScope();
        var written = Sample(type, Shapes[shape]);
        using var stream = new MemoryStream(Bytes([("t", written)]));
        var read = SafeTensorsFile.Read(stream)["t"];
        Assert.Equal(type, read.dtype);
        Assert.Equal(Shapes[shape], read.shape);
        Assert.Equal(written.bytes.ToArray(), read.bytes.ToArray());
    }

    [Fact]
    public void Read_OfAStreamThatCannotSeek_GivesEveryTensor()
    {
        using var scope = NewDisposeScope();
        var tensors = Types.Select((type, index) => (type.ToString(), Sample(type, [index, 3]))).ToArray();
        using var stream = new MemoryStream(Bytes(tensors));
        var read = SafeTensorsFile.Read(new ForwardOnlyStream(stream, mostPerRead: 7));
        Assert.Equal(tensors.Length, read.Count);
        Assert.All(tensors, pair => Assert.Equal(pair.Item2.bytes.ToArray(), read[pair.Item1].bytes.ToArray()));
    }

    [Fact]
    public void Write_ToAStreamThatCannotSeek_MakesTheSameBytes()
    {
        using var scope = NewDisposeScope();
        (string, Tensor)[] tensors = [("a", Sample(ScalarType.Float32, [4, 3])), ("b", Sample(ScalarType.Bool, [5]))];
        using var target = new MemoryStream();
        SafeTensorsFile.Write(new ForwardOnlyStream(target), tensors);
        Assert.Equal(Bytes(tensors), target.ToArray());
    }

    [Fact]
    public void Write_OfTheSameTensorsInAnotherOrder_MakesTheSameBytes()
    {
        using var scope = NewDisposeScope();
        (string, Tensor)[] tensors =
            [("b", ones(2)), ("a", zeros(3)), ("c", ones(1, dtype: float64)), ("d", ones(1, dtype: int8))];
        Assert.Equal(Bytes(tensors), Bytes([.. tensors.Reverse()]));
    }

    [Fact]
    public void Write_OfMixedFormats_AlignsEveryTensor()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream(
            Bytes([.. Types.Select((type, index) => ($"t{index}", Sample(type, [3])))]));
        var reader = new SafeTensorsReader(stream);
        Assert.Equal(0, stream.Position % 8);
        Assert.All(reader.Entries, entry => Assert.Equal(0, entry.Start % SafeTensorsType.SizeOf(entry.Type)));
    }

    [Fact]
    public void Write_OfAStridedView_WritesItsElementsInItsOwnOrder()
    {
        using var scope = NewDisposeScope();
        var matrix = arange(6, dtype: float32).view(2, 3);
        using var stream = new MemoryStream(Bytes([("t", matrix.t())]));
        Assert.Equal([0f, 3, 1, 4, 2, 5], SafeTensorsFile.Read(stream)["t"].data<float>().ToArray());
    }

    [Fact]
    public void Read_OfMetadata_GivesTheTextsBack()
    {
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["näme"] = "\"quoted\"\n" };
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, [], metadata);
        stream.Position = 0;
        Assert.Equal(metadata, new SafeTensorsReader(stream).Metadata);
    }

    [Fact]
    public void Read_OfAFileWithoutTensors_GivesNone()
    {
        using var stream = new MemoryStream(Bytes([]));
        Assert.Empty(SafeTensorsFile.Read(stream));
    }

    [Theory]
    [InlineData("same", "same")]
    [InlineData("other", "__metadata__")]
    public void Write_WithATakenName_Throws(string first, string second)
    {
        using var tensor = ones(1);
        var thrown = Assert.Throws<ArgumentException>(() => Bytes([(first, tensor), (second, tensor)]));
        Assert.Contains(second, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_OfComplexNumbers_NamesWhatCanBeStored()
    {
        using var tensor = zeros(1, dtype: complex64);
        var thrown = Assert.Throws<NotSupportedException>(() => Bytes([("t", tensor)]));
        Assert.Contains("BF16", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ThatFailsHalfWay_KeepsTheOldFileAndLeavesNoOther()
    {
        using var folder = new TemporaryFolder();
        using var good = ones(2);
        using var disposed = ones(2);
        SafeTensorsFile.Write(folder.File("m.safetensors"), [("good", good)]);
        Assert.ThrowsAny<Exception>(() => SafeTensorsFile.Write(folder.File("m.safetensors"), Broken(good)));
        Assert.Equal(["m.safetensors"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
        using var scope = NewDisposeScope();
        Assert.Equal(["good"], SafeTensorsFile.Read(folder.File("m.safetensors")).Keys);
    }

    [Fact]
    public void Read_OfTheReferenceCases_GivesTensorsThatWriteBackEqual()
    {
        var files = Directory.GetFiles(
            Path.Combine(AppContext.BaseDirectory, "Reference", "Cases"), "*.safetensors", SearchOption.AllDirectories);
        Assert.True(files.Length >= 20, $"only {files.Length} reference files were found");
        foreach (var file in files)
        {
            using var scope = NewDisposeScope();
            var read = SafeTensorsFile.Read(file);
            using var copy = new MemoryStream(Bytes([.. read.Select(pair => (pair.Key, pair.Value))]));
            var again = SafeTensorsFile.Read(copy);
            Assert.NotEmpty(read);
            Assert.Equal(read.Keys.Order(), again.Keys.Order());
            Assert.All(
                read,
                pair => Assert.True(pair.Value.bytes.SequenceEqual(again[pair.Key].bytes), $"{file}: {pair.Key}"));
        }
    }

    private static IEnumerable<(string, Tensor)> Broken(Tensor good)
    {
        yield return ("good", good);
        throw new IOException("no more tensors");
    }

    private static byte[] Bytes((string, Tensor)[] tensors)
    {
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, tensors);
        return stream.ToArray();
    }

    // Every bit pattern counts, also those that are no numbers; truth values are the exception.
    private static Tensor Sample(ScalarType type, long[] shape)
    {
        var tensor = empty(shape, dtype: type);
        new Random(7).NextBytes(tensor.bytes);
        return type == ScalarType.Bool ? ones(shape, dtype: int32).cumsum(0).remainder(2).to_type(type) : tensor;
    }
}
