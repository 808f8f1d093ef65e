using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One segment of a batch of rows that are ordered from the longest to the shortest. Position p of a row reads its
/// token p and predicts the one after it while there is one. The first token is given: it has no state of its own.
/// </summary>
internal sealed class RowSegment
{
    private readonly IReadOnlyList<int[]> _rows;
    private readonly int _start;

    private RowSegment(IReadOnlyList<int[]> rows, int start, int time, int[] ends) =>
        (_rows, _start, Time, Ends) = (rows, start, time, ends);

    /// <summary>Gets how many rows still have something to read: the first ones of the batch.</summary>
    public int Rows => Ends.Length;

    /// <summary>Gets the padded length.</summary>
    public int Time { get; }

    /// <summary>Gets, for each row, how many positions of the segment it reads.</summary>
    public int[] Ends { get; }

    /// <summary>Gets the first position of this segment that holds a token's state: the given one has none.</summary>
    public int FirstState => _start == 0 ? 1 : 0;

    /// <summary>Cuts the positions from <paramref name="start"/> on.</summary>
    /// <param name="rows">Tokens of each row, the given one first.</param>
    /// <param name="start">The first position.</param>
    /// <param name="length">The most positions of a segment.</param>
    /// <param name="extra">1 where the last token is read too, which predicts nothing; else 0.</param>
    public static RowSegment Cut(IReadOnlyList<int[]> rows, int start, int length, int extra)
    {
        int[] ends =
            [.. rows.Select(row => Math.Min(length, row.Length - 1 + extra - start)).TakeWhile(end => end > 0)];
        return new(rows, start, ends[0], ends);
    }

    /// <summary>Gets what is read, [rows, time], int64; padded with token 0, which nothing before it sees.</summary>
    public Tensor Tokens(Device device)
    {
        var ids = new long[Rows * Time];
        for (var row = 0; row < Rows; row++)
        {
            for (var place = 0; place < Ends[row]; place++)
            {
                ids[row * Time + place] = _rows[row][_start + place];
            }
        }

        return tensor(ids, [Rows, Time], device: device);
    }

    /// <summary>Gets which positions hold states of tokens, [rows, time], bool.</summary>
    public Tensor States(Device device)
    {
        var states = new bool[Rows * Time];
        for (var row = 0; row < Rows; row++)
        {
            states.AsSpan(row * Time + FirstState, Math.Max(0, Ends[row] - FirstState)).Fill(true);
        }

        return tensor(states, [Rows, Time], device: device);
    }

    /// <summary>
    /// Gets the positions that predict a token, counted over rows · time, and the tokens they predict.
    /// </summary>
    public (long[] Places, long[] Targets) Predictions()
    {
        var (places, targets) = (new List<long>(), new List<long>());
        for (var row = 0; row < Rows; row++)
        {
            for (var place = 0; place < Predicted(row); place++)
            {
                places.Add(row * Time + place);
                targets.Add(_rows[row][_start + place + 1]);
            }
        }

        return ([.. places], [.. targets]);
    }

    /// <summary>Hands the numbers of <see cref="Predictions"/> back to their rows.</summary>
    public void Distribute(ReadOnlySpan<float> values, float[][] likelihoods)
    {
        for (var (row, next) = (0, 0); row < Rows; next += Predicted(row++))
        {
            values.Slice(next, Predicted(row)).CopyTo(likelihoods[row].AsSpan(_start));
        }
    }

    private int Predicted(int row) => Math.Min(Ends[row], _rows[row].Length - 1 - _start);
}
