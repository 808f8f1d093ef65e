using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SafeTensorsMutationTests
{
    private const int Files = 12_000;
    private const int MostManagedBytes = 1 << 20;
    private static readonly string[] Numbers =
        ["0", "-1", "1", "4294967296", "9223372036854775807", "1e9", "99999999999999999999", "[]"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_OfAMutatedFile_LoadsOrThrowsInvalidData(bool seekable)
    {
        var original = Original();
        var random = new Random(1234);
        var refused = 0;
        for (var index = 0; index < Files / 2; index++)
        {
            var mutated = Mutate(original, random);
            refused += Survives(mutated, seekable, $"file {index}") ? 0 : 1;
        }

        // both outcomes must be common, or the test tests nothing
        Assert.InRange(refused, Files / 8, Files / 2 - Files / 50);
    }

    private static bool Survives(byte[] file, bool seekable, string which)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var scope = NewDisposeScope();
        try
        {
            Stream stream = new MemoryStream(file);
            var read = SafeTensorsFile.Read(seekable ? stream : new ForwardOnlyStream(stream, 100));
            Assert.True(read.Values.Sum(tensor => tensor.numel() * tensor.ElementSize) <= file.Length, which);
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

    private static byte[] Mutate(byte[] original, Random random)
    {
        var file = (byte[])original.Clone();
        for (var times = random.Next(1, 3); times > 0; times--)
        {
            file = file.Length == 0 ? file : MutateOnce(file, random);
        }

        return file;
    }

    private static byte[] MutateOnce(byte[] file, Random random)
    {
        var at = random.Next(file.Length);
        switch (random.Next(7))
        {
            case 0:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
            case 1:
                file[at] = (byte)random.Next(256);
                return file;
            case 2:
                return file[..at];
            case 3:
                return [.. file[..at], (byte)random.Next(256), .. file[at..]];
            case 4:
                return [.. file[..at], .. file[Math.Min(file.Length, at + random.Next(1, 20))..]];
            case 5:
                return ReplaceNumber(file, at, Numbers[random.Next(Numbers.Length)]);
            default:
                random.NextBytes(file.AsSpan(file.Length - Math.Min(file.Length, 40)));
                return file;
        }
    }

    // Keeps the header's length right, so that the edit is seen as a number and not as a broken text.
    private static byte[] ReplaceNumber(byte[] file, int from, string number)
    {
        var head = Math.Min(file.Length, Math.Max(sizeof(long), from));
        var digit = file.AsSpan(head).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (digit < 0 || file.Length < sizeof(long))
        {
            return file;
        }

        var start = head + digit;
        var more = file.AsSpan(start).IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        var end = more < 0 ? file.Length : start + more;
        byte[] edited = [.. file[..start], .. Encoding.ASCII.GetBytes(number), .. file[end..]];
        var length = BitConverter.ToInt64(edited) + number.Length - (end - start);
        BitConverter.TryWriteBytes(edited, length);
        return edited;
    }

    private static byte[] Original()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();
        (string, Tensor)[] tensors =
        [
            ("embedding.weight", randn(20, 10)), ("layers.0.scale", ones(1)), ("scalar", ones([], dtype: float64)),
            ("empty", ones(0, 3)), ("tokens", arange(3)), ("mask", ones(7, dtype: @bool)),
            ("half", ones([3], dtype: bfloat16)),
        ];
        SafeTensorsFile.Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        return stream.ToArray();
    }
}
