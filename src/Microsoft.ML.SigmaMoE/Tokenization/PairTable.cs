using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>How often two tokens stand side by side, in which words, and which pair is the most frequent.</summary>
/// <remarks>
/// The queue is not corrected when a count falls: an entry that no longer tells the truth is found out when it comes
/// first, and goes back with the count of the day.
/// </remarks>
internal sealed class PairTable(long minimumCount)
{
    private readonly Dictionary<TokenPair, Entry> _entries = [];
    private readonly HashSet<TokenPair> _grown = [];
    private readonly PriorityQueue<TokenPair, (long, TokenPair)> _queue = new();

    /// <summary>
    /// Counts <paramref name="count"/> more occurrences of <paramref name="pair"/> in the word <paramref name="word"/>.
    /// </summary>
    public void Add(TokenPair pair, long count, int word)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, pair, out var known);
        entry.Words = known ? entry.Words : [];
        entry.Count += count;
        if (entry.Words is not [.., var last] || last != word)
        {
            entry.Words.Add(word);
        }

        _grown.Add(pair);
    }

    /// <summary>Counts <paramref name="count"/> fewer occurrences of <paramref name="pair"/>.</summary>
    public void Remove(TokenPair pair, long count)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, pair);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry))
        {
            entry.Count -= count;
        }
    }

    /// <summary>
    /// Takes the most frequent pair out; of equally frequent ones that of the smallest left id, then of the smallest
    /// right id.
    /// </summary>
    /// <param name="pair">The pair.</param>
    /// <param name="words">Every word that has it, and perhaps some that had it before.</param>
    /// <returns>False where no pair is frequent enough.</returns>
    public bool TryTake(out TokenPair pair, out IReadOnlyList<int> words)
    {
        EnqueueGrown();
        while (_queue.TryDequeue(out pair, out var queued))
        {
            var entry = _entries[pair];
            if (entry.Count == -queued.Item1)
            {
                _entries.Remove(pair);
                words = entry.Words;
                return true;
            }

            Enqueue(pair, entry);
        }

        words = [];
        return false;
    }

    private void EnqueueGrown()
    {
        foreach (var pair in _grown)
        {
            Enqueue(pair, _entries[pair]);
        }

        _grown.Clear();
    }

    private void Enqueue(TokenPair pair, Entry entry)
    {
        if (entry.Count >= minimumCount)
        {
            _queue.Enqueue(pair, (-entry.Count, pair));
        }
        else if (entry.Count <= 0)
        {
            _entries.Remove(pair);
        }
    }

    private struct Entry
    {
        public long Count;
        public List<int> Words;
    }
}
