using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Reads a token file as a batch of contiguous streams, so that what a row read in one step precedes what it reads in
/// the next (section 6.6 of the method). Item n is tokens nT … nT + T (T + 1 of them); of N items, row b of step p
/// takes item b · ⌊N / B⌋ + p; the rest is left out. Shuffled, an item's place is looked up in an
/// <see cref="EpochOrder"/>: each row then jumps to another part of the text after every chunk of items.
/// </summary>
internal sealed class TokenStream
{
    // Long enough that the memory seldom holds text from elsewhere, short enough that a row sees the whole text early.
    private const int LongestChunk = 16;
    private const int FewestChunksPerRow = 8;

    private readonly TokenFile _tokens;
    private readonly int _batchSize;
    private readonly int _segmentLength;
    private readonly int? _shuffleSeed;
    private readonly long _itemCount;
    private readonly long _chunkLength;
    private EpochOrder _order;
    private StreamPosition _position;

    /// <param name="tokens">The text; not owned.</param>
    /// <param name="batchSize">The number of streams (B).</param>
    /// <param name="segmentLength">The number of tokens a stream advances in a step (T).</param>
    /// <param name="shuffleSeed">The seed of the epochs' order, or null to read in the order of the file.</param>
    /// <exception cref="ArgumentException">The text is too short for one batch.</exception>
    public TokenStream(TokenFile tokens, int batchSize, int segmentLength, int? shuffleSeed = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(segmentLength);
        (_tokens, _batchSize, _segmentLength, _shuffleSeed) = (tokens, batchSize, segmentLength, shuffleSeed);
        _itemCount = (tokens.TokenCount - 1) / segmentLength;
        if (_itemCount < batchSize)
        {
            throw new ArgumentException(
                $"The text has {tokens.TokenCount} tokens, but BatchSize {batchSize} × SegmentLength {segmentLength} needs at least "
                + $"{((long)batchSize * segmentLength) + 1}; use more text, a smaller batch or a shorter segment.");
        }

        _chunkLength = Math.Clamp(_itemCount / batchSize / FewestChunksPerRow, 1, LongestChunk);
        Position = default;
    }

    /// <summary>Gets the number of batches in an epoch.</summary>
    public long StepsPerEpoch => _order.ChunkCount * _order.ChunkLength / _batchSize;

    /// <summary>
    /// Gets whether the next batch is the first of its epoch: what was remembered does not precede it.
    /// </summary>
    public bool StartsEpoch => _position.Step == 0;

    /// <summary>Gets or sets where the stream stands.</summary>
    public StreamPosition Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value.Epoch);
            ArgumentOutOfRangeException.ThrowIfNegative(value.Step);
            _order = _shuffleSeed is { } seed
                ? EpochOrder.Shuffled(_itemCount, _chunkLength, seed, value.Epoch)
                : EpochOrder.Sequential(_itemCount);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(value.Step, StepsPerEpoch);
            _position = value;
        }
    }

    /// <summary>Reads the next batch, [batch, time + 1] int64 on the CPU, in the caller's scope.</summary>
    public Tensor Next()
    {
        var width = _segmentLength + 1;
        var batch = new long[_batchSize * width];
        for (var row = 0; row < _batchSize; row++)
        {
            var item = _order[(row * StepsPerEpoch) + _position.Step];
            _tokens.Read(item * _segmentLength, batch.AsSpan(row * width, width));
        }

        Advance();
        return tensor(batch, [_batchSize, width]); // [batch, time + 1]
    }

    private void Advance()
    {
        if (_position.Step + 1 < StepsPerEpoch)
        {
            _position = _position with { Step = _position.Step + 1 };
        }
        else
        {
            Position = new(_position.Epoch + 1, 0);
        }
    }
}
