using System.Buffers.Binary;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SafeTensorsPropertyTests
{
    private static readonly ScalarType[] Types =
        [float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8, @bool];

    [Fact]
    public void Read_OfAnyTensors_GivesThemBackBitForBit()
    {
        var random = new Random(77);
        for (var round = 0; round < 300; round++)
        {
            using var scope = NewDisposeScope();
            var tensors = Enumerable.Range(0, random.Next(6))
                .Select(number => (Name: $"{number}/σ\"\n", Tensor: Draw(random)))
                .ToArray();
            using var stream = new MemoryStream();
            SafeTensorsFile.Write(stream, tensors);
            stream.Position = 0;
            var read = SafeTensorsFile.Read(stream);
            Assert.Equal(tensors.Length, read.Count);
            foreach (var (name, tensor) in tensors)
            {
                Assert.Equal(
                    (tensor.dtype, string.Join(',', tensor.shape)),
                    (read[name].dtype, string.Join(',', read[name].shape)));
                Assert.Equal(tensor.bytes.ToArray(), read[name].bytes.ToArray());
            }
        }
    }

    [Fact]
    public void Reader_OfAnyHeader_AcceptsExactlyWhatFits()
    {
        var random = new Random(78);
        var (accepted, refused) = (0, 0);
        for (var round = 0; round < 4000; round++)
        {
            var (entries, length) = Layout(random);
            var file = File(entries, length);
            if (Fits(entries, length))
            {
                Assert.Equal(entries.Length, new SafeTensorsReader(new MemoryStream(file)).Entries.Count);
                accepted++;
            }
            else
            {
                Assert.Throws<InvalidDataException>(() => new SafeTensorsReader(new MemoryStream(file)));
                refused++;
            }
        }

        Assert.InRange(accepted, 1000, 3000);
        Assert.InRange(refused, 1000, 3000);
    }

    private static Tensor Draw(Random random)
    {
        long[] shape = [.. Enumerable.Range(0, random.Next(4)).Select(_ => (long)random.Next(5))];
        var type = Types[random.Next(Types.Length)];
        return type == ScalarType.Bool ? rand(shape).gt(0.5) : randn(shape).mul(20).to(type);
    }

    // tensors one after the other, of which one number may be wrong
    private static (Entry[] Entries, int Length) Layout(Random random)
    {
        var entries = new Entry[random.Next(1, 5)];
        var start = 0;
        for (var index = 0; index < entries.Length; index++)
        {
            var (rows, columns) = (random.Next(4), random.Next(4));
            entries[index] = new(start, start + 4 * rows * columns, rows, columns);
            start = entries[index].End;
        }

        var wrong = random.Next(entries.Length);
        var by = random.Next(-4, 9);
        entries[wrong] = random.Next(8) switch
        {
            0 => entries[wrong] with { Start = entries[wrong].Start + by },
            1 => entries[wrong] with { End = entries[wrong].End + by },
            2 => entries[wrong] with { Rows = entries[wrong].Rows + by },
            3 => entries[wrong] with { Start = entries[wrong].Start + by, End = entries[wrong].End + by },
            _ => entries[wrong],
        };
        return (entries, random.Next(8) == 0 ? Math.Max(0, start + by) : start);
    }

    // the definition of the format: lengths as shapes say, no gap, no overlap, no rest
    private static bool Fits(Entry[] entries, int length)
    {
        var taken = new int[length];
        foreach (var entry in entries)
        {
            if (entry.Rows < 0 || entry.Start < 0 || entry.End > length || entry.End - entry.Start != 4 * entry.Rows * entry.Columns)
            {
                return false;
            }

            for (var place = entry.Start; place < entry.End; place++)
            {
                taken[place]++;
            }
        }

        // an empty tensor, too, stands where another ends
        return taken.All(times => times == 1)
            && entries.All(
                entry => entry.Start == 0 || entries.Any(other => other != entry && other.End == entry.Start));
    }

    private static byte[] File(Entry[] entries, int length)
    {
        var texts = entries.Select((entry, index) =>
            $"\"{index}\":{{\"dtype\":\"F32\",\"shape\":[{entry.Rows},{entry.Columns}],\"data_offsets\":[{entry.Start},{entry.End}]}}");
        var header = Encoding.ASCII.GetBytes($"{{{string.Join(',', texts)}}}");
        var file = new byte[8 + header.Length + length];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        return file;
    }

    private sealed record Entry(int Start, int End, int Rows, int Columns);
}
