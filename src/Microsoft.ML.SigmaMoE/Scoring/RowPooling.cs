using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Pools hidden states over the tokens of each row of a batch, segment by segment. Owns its tensors.</summary>
internal sealed class RowPooling : IDisposable
{
    private readonly PoolingKind _kind;
    private readonly Tensor _sum;        // [rows, d_model]
    private readonly Tensor _max;        // [rows, d_model]
    private readonly Tensor _last;       // [rows, d_model]
    private readonly Tensor _count;      // [rows, 1]
    private readonly Tensor? _products;  // [rows, d_model, d_model], where the second moment is asked for

    /// <summary>Starts with rows of no tokens.</summary>
    public RowPooling(PoolingKind kind, long rows, long modelSize, Device device)
    {
        _kind = kind;
        _sum = zeros(rows, modelSize, device: device).DetachFromDisposeScope();
        _max = TensorNumbers.Full([rows, modelSize], double.NegativeInfinity, device).DetachFromDisposeScope();
        _last = zeros(rows, modelSize, device: device).DetachFromDisposeScope();
        _count = zeros(rows, 1, device: device).DetachFromDisposeScope();
        _products = kind == PoolingKind.SecondMoment
            ? zeros(rows, modelSize, modelSize, device: device).DetachFromDisposeScope()
            : null;
    }

    /// <summary>Adds a segment of the first rows.</summary>
    /// <param name="hidden">[rows now, time, d_model].</param>
    /// <param name="counted">
    /// [rows now, time], bool: which positions are tokens of the row; true ones stand together.
    /// </param>
    public void Add(Tensor hidden, Tensor counted)
    {
        using var scope = NewDisposeScope();
        var rows = hidden.size(0);
        var mask = counted.unsqueeze(-1);                                                      // [rows, time, 1]
        var known = hidden.Fill(~mask, 0);                                                     // [rows, time, d_model]
        _sum.narrow(0, 0, rows).AddInPlace(known.sum(dim: 1));
        _products?.narrow(0, 0, rows).AddInPlace(MatrixProduct.Of(known.transpose(1, 2), known));
        var largest = hidden.Fill(~mask, double.NegativeInfinity).amax([1]);                   // [rows, d_model]
        _max.narrow(0, 0, rows).copy_(maximum(_max.narrow(0, 0, rows), largest));
        _count.narrow(0, 0, rows).AddInPlace(counted.sum(dim: 1, keepdim: true));
        KeepLast(hidden, counted);
    }

    /// <summary>
    /// Gets the features, [rows, d_model], [rows, 2 · d_model] or [rows, d_model · (d_model + 1) / 2].
    /// </summary>
    /// <param name="normalize">Whether each row is scaled to length 1.</param>
    public Tensor Result(bool normalize)
    {
        var pooled = _kind switch
        {
            PoolingKind.Mean => _sum / _count,
            PoolingKind.Max => _max.alias(),
            PoolingKind.Last => _last.alias(),
            PoolingKind.SecondMoment => UpperTriangle(_products!) / _count,
            _ => cat([_sum / _count, _max], 1),
        };
        return normalize ? nn.functional.normalize(pooled, p: 2, dim: -1) : pooled;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sum.Dispose();
        _max.Dispose();
        _last.Dispose();
        _count.Dispose();
        _products?.Dispose();
    }

    private static Tensor UpperTriangle(Tensor products) // [rows, d_model, d_model]
    {
        var size = (int)products.size(1);
        long[] places =
        [
            .. from row in Enumerable.Range(0, size)
               from column in Enumerable.Range(row, size - row)
               select (long)row * size + column,
        ];
        return products.flatten(1).index_select(1, tensor(places, device: products.device));   // [rows, size · (size + 1) / 2]
    }

    private void KeepLast(Tensor hidden, Tensor counted)
    {
        var places = TensorNumbers.Range(0, counted.size(1), 1, ScalarType.Int64, hidden.device); // [time]
        var latest = (places * counted).amax([1]); // [rows]: 0 also where none counts
        var index = latest.view(-1, 1, 1).expand(-1, 1, hidden.size(2)); // [rows, 1, d_model]
        var found = hidden.gather(1, index).squeeze(1); // [rows, d_model]
        var kept = _last.narrow(0, 0, hidden.size(0));
        kept.copy_(where(counted.any(1, keepdim: true), found, kept));
    }
}
