using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The pairs among which the best <paramref name="count"/> of all lie, made once for each device: a copy to a GPU waits
/// for it. Safe to use from several threads at once.
/// </summary>
/// <param name="count">How many first and second sub-keys there are to pair, and how many pairs are wanted.</param>
internal sealed class CandidatePairs(int count) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(DeviceType Type, int Index), PairRanks> _ranks = [];

    /// <summary>Gets their ranks on a device; what is returned stays this object's.</summary>
    public PairRanks On(Device device)
    {
        lock (_gate)
        {
            var key = (device.type, device.index);
            if (!_ranks.TryGetValue(key, out var ranks))
            {
                _ranks.Add(key, ranks = new(count, device));
            }

            return ranks;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            Array.ForEach([.. _ranks.Values], ranks => ranks.Dispose());
            _ranks.Clear();
        }
    }
}
