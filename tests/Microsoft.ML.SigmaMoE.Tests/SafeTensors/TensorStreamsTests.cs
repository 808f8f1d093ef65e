using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TensorStreamsTests
{
    private const long MoreThanASpanHolds = int.MaxValue + 1000L;

    // Neither end touches the memory, so that the test costs address space, not gigabytes.
    [Fact]
    public void WriteTensor_OfMoreThanASpanHolds_WritesEveryByte()
    {
        using var tensor = empty(MoreThanASpanHolds, dtype: uint8);
        using var stream = new CountingStream(0);
        stream.WriteTensor(tensor);
        Assert.Equal(MoreThanASpanHolds, stream.Count);
    }

    [Fact]
    public void ReadTensor_OfMoreThanASpanHolds_ReadsEveryByte()
    {
        using var tensor = empty(MoreThanASpanHolds, dtype: uint8);
        using var stream = new CountingStream(MoreThanASpanHolds);
        stream.ReadTensor(tensor);
        Assert.Equal(MoreThanASpanHolds, stream.Count);
    }

    [Fact]
    public void ReadTensor_OfSeveralPieces_PutsEachInItsPlace()
    {
        var bytes = new byte[3_000_004];
        new Random(3).NextBytes(bytes);
        using var stream = new MemoryStream(bytes);
        using var tensor = empty([bytes.Length / 4], dtype: int32);
        stream.ReadTensor(tensor);
        Assert.True(tensor.bytes.SequenceEqual(bytes));
    }

    private sealed class CountingStream(long length) : Stream
    {
        public long Count { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => Count; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, length - Count);
            Count += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => Count += buffer.Length;

        public override void Write(byte[] buffer, int offset, int count) => Count += count;

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
