namespace Microsoft.ML.SigmaMoE;

/// <summary>What is added up between two reports.</summary>
internal sealed class IntervalSums
{
    public int Steps { get; set; }

    public double CrossEntropy { get; set; }

    public double Balancing { get; set; }

    public double Seconds { get; set; }

    /// <summary>Gets how often each expert of each layer was chosen.</summary>
    public List<long[]> ExpertCounts { get; init; } = [];

    /// <summary>Adds one pass of a step.</summary>
    /// <param name="pass">What the pass came to.</param>
    /// <param name="share">The pass's share of the step.</param>
    /// <returns>The pass's whole loss.</returns>
    public double Add(PassResult pass, double share)
    {
        CrossEntropy += share * pass.CrossEntropy;
        Balancing += share * pass.Balancing;
        foreach (var (layer, routing) in pass.Routings.Index())
        {
            Count(layer, routing);
        }

        return pass.CrossEntropy + pass.Balancing;
    }

    /// <summary>Gets each layer's entropy of expert usage, divided by that of uniform usage.</summary>
    public IReadOnlyList<double> Entropies() => [.. ExpertCounts.Select(Entropy)];

    /// <summary>Gets how many experts of each layer were never chosen.</summary>
    public IReadOnlyList<int> DeadExperts() => [.. ExpertCounts.Select(counts => counts.Count(count => count == 0))];

    private static double Entropy(long[] counts)
    {
        double total = counts.Sum();
        var entropy = -counts.Where(count => count > 0).Sum(count => count / total * Math.Log(count / total));
        return counts.Length == 1 ? 1 : entropy / Math.Log(counts.Length);
    }

    private void Count(int layer, Routing routing)
    {
        using var counted = routing.Experts.flatten().bincount(weights: null, routing.Logits.size(1)).cpu();   // [experts]
        if (layer == ExpertCounts.Count)
        {
            ExpertCounts.Add(new long[counted.numel()]);
        }

        foreach (var (expert, count) in counted.data<long>().Index())
        {
            ExpertCounts[layer][expert] += count;
        }
    }
}
