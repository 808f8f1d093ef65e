using System.IO.Compression;
using System.Text;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TorchArchiveAttackTests
{
    private const string Allowed = "NKMJGX(])}taesuqrhjcQRb.\u0080\u0085\u0086\u0087\u0088\u0089\u008A";

    public static TheoryData<string, string> Pickles => new()
    {
        { "cos\nsystem\n(X\u0004\0\0\0lstR.", "'os.system'" },
        { "c__builtin__\neval\nX\u0001\0\0\0aR.", "'__builtin__.eval'" },
        { "cbuiltins\ngetattr\n.", "'builtins.getattr'" },
        { "ctorch\nload\n.", "'torch.load'" },
        { "ctorch.nn.modules.linear\nLinear\n.", "torch.save({'model'" },
        { "ccollections\nOrderedDict\n(]]tR.", "calls 'collections.OrderedDict' with arguments" },
        { "ctorch._utils\n_rebuild_tensor_v2\n)R.", "calls 'torch._utils._rebuild_tensor_v2' with arguments" },
        { "ctorch\nFloatStorage\n)R.", "calls 'torch.FloatStorage'" },
        { "X\u0001\0\0\0a)R.", "PickleGlobal belongs" },
        { "\u0080\u0004N.", "protocol 4" },
        { "", "cut short" },
        { "N", "cut short" },
        { ".", "takes a value that is not there" },
        { "N.N", "goes on after its end" },
        { "(.", "takes a value that is not there" },
        { "e.", "ends a list that never began" },
        { "N(e.", "List`1 belongs" },
        { "}(Nu.", "key without a value" },
        { "})Ns.", "neither a text nor a whole number" },
        { "}NNs.", "neither a text nor a whole number" },
        { "}(X\u0001\0\0\0aNX\u0001\0\0\0aNu.", "the entry 'a' twice" },
        { "h\u0001.", "refers to value 1" },
        { "Xÿÿÿÿ.", "negative length" },
        { "Xÿÿÿ\u007F.", "cut short" },
        { "X\u0001\0\0\0ÿ.", "not UTF-8" },
        { "\u008A\u0009000000000.", "number of 9 bytes" },
        { "cname without end", "a name does not end" },
        { "NQ.", "belongs" },
        { ")Q.", "describes a storage otherwise" },
        { "N}b.", "PickleDictionary belongs" },
    };

    public static TheoryData<long, long[], long[], string> Views => new()
    {
        { 0, [5], [1], "5 elements, more than its storage" },
        { 1, [4], [1], "reaches beyond its storage" },
        { 0, [2, 2], [3, 1], "reaches beyond its storage" },
        { 0, [2], [long.MaxValue], "reaches beyond its storage" },
        { 0, [1, 2, 2], [long.MaxValue, long.MaxValue, long.MaxValue], "reaches beyond its storage" },
        { 0, [1000, 1000], [0, 0], "1000000 elements, more than its storage" },
        { 0, [1L << 62, 4], [0, 0], "more than its storage" },
        { 0, [1L << 62, 1L << 62, 1L << 62, 1L << 62, 0], [1, 1, 1, 1, 1], "more than its storage" },
        { -1, [1], [1], "no tensor has" },
        { 0, [-1], [1], "no tensor has" },
        { 3, [2], [-1], "no tensor has" },
        { 0, [2, 2], [1], "no tensor has" },
        { long.MaxValue, [1], [1], "reaches beyond its storage" },
    };

    [Theory]
    [MemberData(nameof(Pickles))]
    public void Open_OfAHostilePickle_SaysWhatIsWrong(string pickle, string message)
    {
        var file = TorchFileWriter.Write(Encoding.Latin1.GetBytes(pickle), []);
        Assert.Contains(message, Refused(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfAnyOtherInstruction_RefusesIt()
    {
        foreach (var instruction in Enumerable.Range(0, 256).Where(value => !Allowed.Contains((char)value)))
        {
            byte[] pickle = [0x80, 2, (byte)'N', (byte)'N', (byte)instruction, (byte)'.'];
            Assert.Contains(
                $"instruction 0x{instruction:X2}", Refused(TorchFileWriter.Write(pickle, [])),
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Views))]
    public void Open_OfATensorThatLeavesItsStorage_SaysSo(long offset, long[] shape, long[] strides, string message)
    {
        using var scope = NewDisposeScope();
        var file = TorchFileWriter.Write(new TorchView(WrittenStorage.Of(ones(4)), offset, shape, strides));
        Assert.Contains(message, Refused(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfTooManyDimensions_Refuses()
    {
        using var scope = NewDisposeScope();
        var many = Enumerable.Repeat(1L, 65).ToArray();
        Assert.Contains(
            "no tensor has", Refused(TorchFileWriter.Write(new TorchView(WrittenStorage.Of(ones(4)), 0, many, many))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfAStorageOfAnotherLength_SaysBoth()
    {
        using var scope = NewDisposeScope();
        var pickle = new PickleWriter();
        var bytes = pickle.Write(TorchView.Of(ones(4)));
        Assert.Contains(
            "'archive/data/0' has 12 bytes, but 4 elements",
            Refused(TorchFileWriter.Write(bytes, [WrittenStorage.Of(ones(3))])), StringComparison.Ordinal);
        Assert.Contains(
            "'archive/data/0', which is missing", Refused(TorchFileWriter.Write(bytes, [])), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfAStorageThatIsTwoThings_Refuses()
    {
        using var scope = NewDisposeScope();
        var text = Encoding.Latin1.GetString(
            new PickleWriter().Write(new List<object?> { TorchView.Of(ones(4)), TorchView.Of(ones(4, dtype: int64)) }));
        var pickle = Encoding.Latin1.GetBytes(
            text.Replace("X\u0001\0\0\01", "X\u0001\0\0\00", StringComparison.Ordinal));
        Assert.Contains(
            "storage 0", Refused(TorchFileWriter.Write(pickle, [WrittenStorage.Of(ones(4))])),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfManyInstructionsOrMarks_Refuses()
    {
        var nothing = new byte[2_500_000];
        Array.Fill(nothing, (byte)'N');
        Assert.Contains(
            "more than 2000000 instructions", Refused(TorchFileWriter.Write(nothing, [])), StringComparison.Ordinal);
        Array.Fill(nothing, (byte)'(');
        Assert.Contains("more than 1000 deep", Refused(TorchFileWriter.Write(nothing, [])), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfACompressedZip_Refuses()
    {
        var bomb = TorchFileWriter.Zip(
            [("archive/data.pkl", "N."u8.ToArray()), ("archive/data/0", new byte[1 << 20])],
            CompressionLevel.SmallestSize);
        Assert.True(bomb.Length < 10_000);
        Assert.Contains("is compressed", Refused(bomb), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfFilesThatShareBytes_Refuses()
    {
        var file = SharingZip(files: 100, content: new byte[1000]);
        Assert.True(file.Length < 20_000);
        Assert.Contains("bytes long in all, but the archive has", Refused(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfANameTwiceOrNoPickleOrTwo_Refuses()
    {
        byte[] pickle = [.. "N."u8];
        Assert.Contains(
            "'archive/data.pkl' twice",
            Refused(TorchFileWriter.Zip([("archive/data.pkl", pickle), ("archive/data.pkl", pickle)])),
            StringComparison.Ordinal);
        Assert.Contains(
            "has 0 files", Refused(TorchFileWriter.Zip([("data.pkl", pickle), ("a/b/data.pkl", pickle)])),
            StringComparison.Ordinal);
        Assert.Contains(
            "has 2 files", Refused(TorchFileWriter.Zip([("a/data.pkl", pickle), ("b/data.pkl", pickle)])),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfABigEndianArchive_Refuses()
    {
        var file = TorchFileWriter.Zip([("a/data.pkl", "N."u8.ToArray()), ("a/byteorder", "big"u8.ToArray())]);
        Assert.Contains("big-endian", Refused(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfTruthValuesThatAreNone_Refuses()
    {
        using var scope = NewDisposeScope();
        var pickle = new PickleWriter();
        var bytes = pickle.Write(TorchView.Of(ones(3, dtype: @bool)));
        var file = TorchFileWriter.Write(bytes, [new WrittenStorage("BoolStorage", full(3, 7, dtype: uint8))]);
        using var archive = TorchArchive.Open(new MemoryStream(file));
        Assert.Throws<InvalidDataException>(() => archive.Read((TorchTensor)archive.Root!));
    }

    private static string Refused(byte[] file) =>
        Assert.Throws<InvalidDataException>(() => TorchArchive.Open(new MemoryStream(file))).Message;

    // A directory of many files that all stand at the same place.
    private static byte[] SharingZip(int files, byte[] content)
    {
        var zip = TorchFileWriter.Zip([("a/data/000", content)]);
        var directory = BitConverter.ToInt32(zip, zip.Length - 6);
        var entry = zip[directory..^22];
        var end = zip[^22..];
        BitConverter.TryWriteBytes(end.AsSpan(8), (short)files);
        BitConverter.TryWriteBytes(end.AsSpan(10), (short)files);
        BitConverter.TryWriteBytes(end.AsSpan(12), files * entry.Length);
        IEnumerable<byte> all = zip[..directory];
        for (var file = 0; file < files; file++)
        {
            var named = (byte[])entry.Clone();
            Encoding.ASCII.GetBytes($"a/data/{file:D3}").CopyTo(named, 46);
            all = all.Concat(named);
        }

        return [.. all, .. end];
    }
}
