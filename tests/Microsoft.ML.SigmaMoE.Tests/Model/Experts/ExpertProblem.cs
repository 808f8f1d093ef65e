namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>How tokens are spread over experts.</summary>
public enum Spread
{
    /// <summary>At random, the chosen experts of a token all different.</summary>
    Random,

    /// <summary>
    /// Every token's first choice is expert 0, its second expert 1, and so on: the other experts get none.
    /// </summary>
    AllToTheFirst,
}

/// <summary>Random inputs of experts, the same for the same sizes.</summary>
internal sealed class ExpertProblem
{
    private readonly Random _random;

    public ExpertProblem(
        int tokens, int modelSize, int experts, int expertSize, int active, Spread spread, bool bias, bool mask)
    {
        (TokenCount, ModelSize, Experts, ExpertSize, Active) = (tokens, modelSize, experts, expertSize, active);
        _random = new Random(tokens * 7919 + modelSize * 104729 + experts * 31 + expertSize * 17 + active);
        Tokens = Draw(new float[tokens, modelSize], 1);
        Gradient = Draw(new float[tokens, modelSize], 1);
        Gates = Draw(new float[tokens, active], 1);
        Up = Draw(new float[experts, expertSize, modelSize], 1 / Math.Sqrt(modelSize));
        Down = Draw(new float[experts, expertSize, modelSize], 1 / Math.Sqrt(expertSize));
        Bias = bias ? Draw(new float[experts, expertSize], 1) : null;
        Mask = mask ? Draw(new float[tokens, active, expertSize], 2) : null;
        Choices = Choose(spread);
    }

    public int TokenCount { get; }

    public int ModelSize { get; }

    public int Experts { get; }

    public int ExpertSize { get; }

    public int Active { get; }

    public float[,] Tokens { get; }

    public float[,] Gradient { get; }

    public float[,] Gates { get; }

    public float[,,] Up { get; }

    public float[,,] Down { get; }

    public float[,]? Bias { get; }

    public float[,,]? Mask { get; }

    public long[,] Choices { get; }

    private T Draw<T>(T array, double deviation)
        where T : class
    {
        var all = (Array)(object)array;
        var flat = new float[all.Length];
        for (var i = 0; i < flat.Length; i++)
        {
            // the sum of twelve uniform numbers is near enough to a normal one
            flat[i] = RoundToBFloat16(
                (float)((Enumerable.Range(0, 12).Sum(_ => _random.NextDouble()) - 6) * deviation));
        }

        Buffer.BlockCopy(flat, 0, all, 0, flat.Length * sizeof(float));
        return array;
    }

    // Inputs that bfloat16 holds exactly: else rounding them alone turns neurons near 0 on or off.
    private static float RoundToBFloat16(float value) =>
        BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) + 0x8000) & 0xFFFF0000);

    private long[,] Choose(Spread spread)
    {
        var choices = new long[TokenCount, Active];
        for (var token = 0; token < TokenCount; token++)
        {
            var order = Enumerable.Range(0, Experts).ToArray();
            if (spread == Spread.Random)
            {
                _random.Shuffle(order);
            }

            for (var choice = 0; choice < Active; choice++)
            {
                choices[token, choice] = order[choice];
            }
        }

        return choices;
    }
}
