namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>Random inputs of a layer, the same for the same sizes; bfloat16 holds every number exactly.</summary>
internal sealed class LayerProblem
{
    private readonly Random _random;

    public LayerProblem(ExpertSizes sizes, bool allToTheFirst = false, bool bias = false)
    {
        Sizes = sizes;
        _random = new Random((sizes.Tokens * 7919) + (sizes.ModelSize * 31) + sizes.Experts);
        var weights = (long)sizes.Experts * sizes.ExpertSize * sizes.ModelSize;
        Tokens = Draw((long)sizes.Tokens * sizes.ModelSize, 1);
        Gradient = Draw((long)sizes.Tokens * sizes.ModelSize, 1);
        Gates = Draw(sizes.Slots, 1);
        Up = Draw(weights, 1 / Math.Sqrt(sizes.ModelSize));
        Down = Draw(weights, 1 / Math.Sqrt(sizes.ExpertSize));
        Bias = bias ? Draw((long)sizes.Experts * sizes.ExpertSize, 1) : null;
        Choices = Choose(allToTheFirst);
    }

    public ExpertSizes Sizes { get; }

    public float[] Tokens { get; }

    public float[] Gradient { get; }

    public float[] Gates { get; }

    public float[] Up { get; }

    public float[] Down { get; }

    public float[]? Bias { get; }

    public long[] Choices { get; private set; }

    /// <summary>Draws another routing: a benchmark that repeats one flatters caches.</summary>
    public void Reroute() => Choices = Choose(allToTheFirst: false);

    private float[] Draw(long count, double deviation)
    {
        var values = new float[count];
        for (var i = 0L; i < count; i += 2)
        {
            // Box and Muller: two normal numbers from two uniform ones
            var (radius, angle) =
                (Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())), 2 * Math.PI * _random.NextDouble());
            values[i] = Round((float)(radius * Math.Cos(angle) * deviation));
            if (i + 1 < count)
            {
                values[i + 1] = Round((float)(radius * Math.Sin(angle) * deviation));
            }
        }

        return values;
    }

    private static float Round(float value) =>
        BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) + 0x8000) & 0xFFFF0000);

    // the first K of a partly shuffled list
    private long[] Choose(bool allToTheFirst)
    {
        var order = Enumerable.Range(0, Sizes.Experts).ToArray();
        var choices = new long[Sizes.Slots];
        for (var slot = 0; slot < choices.Length; slot++)
        {
            var choice = slot % Sizes.Active;
            if (!allToTheFirst)
            {
                var other = _random.Next(choice, Sizes.Experts);
                (order[choice], order[other]) = (order[other], order[choice]);
            }

            choices[slot] = order[choice];
        }

        return choices;
    }
}
