using System.Buffers.Binary;
using System.Text;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SafeTensorsAttackTests
{
    private const string Good = """{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""";

    public static TheoryData<string, string> Headers => new()
    {
        { """{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", "JSON" },
        { "[]", "JSON object" },
        { " {}", "JSON object" },
        { "", "JSON object" },
        { "{}}", "JSON" },
        { "{\"\xff\":" + Good + "}", "JSON" },
        { $$"""{"w":{{Good}},"w":{{Good}}}""", "w" },
        { $$"""{"w":{{Good}},"\u0077":{{Good}}}""", "w" },
        { """{"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "dtype" },
        { """{"w":7}""", "'w' has no dtype" },
        { """{"w":{"shape":[2],"data_offsets":[0,8]}}""", "'w' has no dtype" },
        { """{"w":{"dtype":"F32","data_offsets":[0,8]}}""", "'w' has no shape" },
        { """{"w":{"dtype":"F32","shape":[2]}}""", "'w' has no data_offsets" },
        { """{"w":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", "'w' has dtype F8_E4M3; readable are F64" },
        { """{"w":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}""", "'w' has dtype f32" },
        { """{"w":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", "'w' has a Number where a text" },
        { """{"w":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "'w' has no list" },
        { """{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "'w' has -2" },
        { """{"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}""", "'w' has 2.0" },
        { """{"w":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", "'w' has 2 where a whole number" },
        { """{"w":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]}}""", "'w' has 18446744073709551616" },
        { """{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "needs 12 bytes" },
        { """{"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "data_offsets [0]" },
        { """{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "data_offsets [0, 8, 8]" },
        { """{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "data_offsets [8, 0]" },
        { """{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "'w' has -8" },
        { """{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}""", "more than can be addressed" },
        { """{"w":{"dtype":"F32","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}}""", "more than can be addressed" },
        { """{"w":{"dtype":"I8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", "cut short" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'w' begins at byte 4 of the data, not at 8: it overlaps" },
        { """{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'w' begins at byte 4 of the data, not at 0: it leaves a hole" },
        { """{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "goes on after its last tensor" },
        { """{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "'w' (F32 [3])" },
        { """{"__metadata__":{"a":1},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'__metadata__' has a Number" },
        { """{"__metadata__":[],"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'__metadata__' is not an object" },
        { """{"w":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}}""", "JSON" },
        { """{"w":{"dtype":"BOOL","shape":[8],"data_offsets":[0,8]}}""", "neither 0 nor 1" },
        { $$"""{"\ud800":{{Good}}}""", "JSON" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void Read_OfAHostileHeader_SaysWhatIsWrong(string header, string message)
    {
        var file = File(Encoding.Latin1.GetBytes(header));
        var seeking = Assert.Throws<InvalidDataException>(() => Load(new MemoryStream(file)));
        var forward = Assert.Throws<InvalidDataException>(() => Load(new ForwardOnlyStream(new MemoryStream(file))));
        Assert.Contains(message, seeking.Message, StringComparison.Ordinal);
        Assert.NotEmpty(forward.Message);
    }

    [Fact]
    public void Read_WithoutAttack_Works()
    {
        Load(new MemoryStream(File(Encoding.UTF8.GetBytes("{\"w\":" + Good + "}    "))));
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(100_000_001UL)]
    [InlineData(100_000_000UL)]
    [InlineData(1000UL)]
    public void Read_OfAHeaderLongerThanTheFile_ThrowsWithoutAllocatingIt(ulong length)
    {
        var file = File("{}"u8.ToArray());
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => Load(new MemoryStream(file)));
        Assert.Throws<InvalidDataException>(() => Load(new ForwardOnlyStream(new MemoryStream(file))));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Read_OfTooManyDimensions_Throws()
    {
        var shape = string.Join(",", Enumerable.Repeat("1", 65));
        var header = """{"w":{"dtype":"F32","shape":[SHAPE],"data_offsets":[0,4]}}""".Replace("SHAPE", shape, StringComparison.Ordinal);
        var thrown = Assert.Throws<InvalidDataException>(
            () => Load(new MemoryStream(File(Encoding.ASCII.GetBytes(header)))));
        Assert.Contains("at most 64", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfADeeplyNestedHeader_Throws()
    {
        var header = Encoding.ASCII.GetBytes("{\"w\":" + new string('[', 1_000_000));
        Assert.Throws<InvalidDataException>(() => Load(new MemoryStream(File(header))));
    }

    [Fact]
    public void Read_OfAPetabyteThatIsNotThere_SaysSo()
    {
        var header = """{"w":{"dtype":"U8","shape":[1125899906842624],"data_offsets":[0,1125899906842624]}}"""u8.ToArray();
        var seeking = Assert.Throws<InvalidDataException>(() => Load(new MemoryStream(File(header))));
        var forward = Assert.Throws<InvalidDataException>(
            () => Load(new ForwardOnlyStream(new MemoryStream(File(header)))));
        Assert.Contains("'w' (U8 [1125899906842624])", seeking.Message, StringComparison.Ordinal);
        Assert.Contains("'w' (U8 [1125899906842624])", forward.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfManyTensorsWithNothingInThem_IsQuick()
    {
        var entries = Enumerable.Range(0, 50_000).Select(i => $"\"t{i}\":" + """{"dtype":"F32","shape":[0],"data_offsets":[0,0]}""");
        using var stream = new MemoryStream(
            File(Encoding.ASCII.GetBytes("{" + string.Join(",", entries) + "}"), data: 0));
        Assert.Equal(50_000, new SafeTensorsReader(stream).Entries.Count);
    }

    private static void Load(Stream stream)
    {
        using var scope = torch.NewDisposeScope();
        SafeTensorsFile.Read(stream);
    }

    // 8 bytes of data, which are valid truth values only in part
    private static byte[] File(byte[] header, int data = 8)
    {
        var file = new byte[8 + header.Length + data];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        file.AsSpan(8 + header.Length).Fill(3);
        return file;
    }
}
