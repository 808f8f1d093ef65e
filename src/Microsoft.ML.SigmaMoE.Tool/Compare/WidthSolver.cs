namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Finds the width at which a block comes nearest to another one in parameters.</summary>
internal static class WidthSolver
{
    // of a PKM, the block that grows fastest: far below what overflows
    private const int Widest = 1 << 20;

    /// <param name="block">The block of a width; it has the more parameters the wider it is.</param>
    /// <param name="target">The block whose size is wanted.</param>
    /// <param name="model">The shape around both.</param>
    public static T Nearest<T>(Func<int, T> block, FeedForwardOptions target, ModelOptions model)
        where T : FeedForwardOptions
    {
        var wanted = Parameters(target, model);
        var (below, above) = (1, Widest);
        while (above - below > 1)
        {
            var middle = below + (above - below) / 2;
            (below, above) = Parameters(block(middle), model) <= wanted ? (middle, above) : (below, middle);
        }

        T[] candidates = [block(below), block(above)];
        return candidates.MinBy(candidate => Math.Abs(Parameters(candidate, model) - wanted))!;
    }

    // The vocabulary is the same for both and cancels out.
    private static long Parameters(FeedForwardOptions block, ModelOptions model) =>
        ModelCost.Of(model, block, 1).Parameters;
}
