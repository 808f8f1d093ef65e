using Microsoft.ML;
using Microsoft.ML.Data;

namespace QuickStart;

/// <summary>A way to turn text into numbers.</summary>
/// <param name="Name">What it is called in tables.</param>
/// <param name="Features">Makes the column <see cref="Column"/> from the column Text.</param>
internal sealed record Contender(string Name, ITransformer Features)
{
    public const string Column = "Features";

    /// <summary>The same numbers, each row scaled to a length: what the contender weighs beside another.</summary>
    public Contender Weigh(MLContext context, float length) => this with
    {
        Features = Then(context, Features, context.Transforms.NormalizeGlobalContrast(
            Column, ensureZeroMean: false, ensureUnitStandardDeviation: false, scale: length)),
    };

    /// <summary>The numbers of both, one vector after the other.</summary>
    public static Contender Join(MLContext context, Contender first, Contender second)
    {
        const string Aside = "FirstFeatures";
        var aside = Then(context, first.Features, context.Transforms.CopyColumns(Aside, Column));
        var both = Then(
            context, aside.Append(second.Features), context.Transforms.Concatenate(Column, Aside, Column));
        return new($"{first.Name} + {second.Name}", both);
    }

    // Steps that only move columns learn nothing: no rows are needed to fit them.
    private static TransformerChain<ITransformer> Then(
        MLContext context, ITransformer steps, IEstimator<ITransformer> next)
    {
        var noRows = context.Data.LoadFromEnumerable(Array.Empty<Document>());
        return steps.Append(next.Fit(steps.Transform(noRows)));
    }
}
