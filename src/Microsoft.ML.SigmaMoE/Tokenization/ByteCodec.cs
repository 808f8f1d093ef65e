using System.Buffers;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The id of a byte is its value.</summary>
internal sealed class ByteCodec : TokenCodec
{
    public override IReadOnlyList<byte[]> Pieces { get; } =
        [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value })];

    public override void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetByteCount(text));
        var count = Encoding.UTF8.GetBytes(text, buffer);
        ids.EnsureCapacity(ids.Count + count);
        foreach (var value in buffer.AsSpan(0, count))
        {
            ids.Add(value);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    public override TokenizerHeader CreateHeader() => new ByteTokenizerHeader();

    public override void Save(INamedStreams files)
    {
    }
}
