using System.Globalization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The columns that scoring adds, in their order in the output.</summary>
internal static class ScoreColumns
{
    /// <summary>Makes those columns that have a name.</summary>
    /// <exception cref="ArgumentException">Two columns have one name, or the model has no experts.</exception>
    public static IReadOnlyList<ScoreColumn> For(OutputColumns names, FeatureOptions features, ScoreSizes sizes)
    {
        names.Validate();
        var columns = new List<ScoreColumn>();
        Add(names.Features, name =>
            ScoreColumn.Vector(name, ScoreParts.Features, score => score.Features, FeatureNames(features, sizes)));
        Add(names.LogLikelihood, name =>
            ScoreColumn.Number(name, ScoreParts.LogLikelihoods, score => score.LogLikelihood));
        Add(names.Perplexity, name =>
            ScoreColumn.Number(name, ScoreParts.LogLikelihoods, score => score.Perplexity));
        Add(names.BitsPerByte, name =>
            ScoreColumn.Number(name, ScoreParts.LogLikelihoods, score => score.BitsPerByte));
        Add(names.TokenCount, name =>
            ScoreColumn.Count(name, score => score.TokenCount));
        Add(names.TokenLogLikelihoods, name =>
            ScoreColumn.Vector(name, ScoreParts.LogLikelihoods, score => score.TokenLogLikelihoods));
        Add(names.ExpertUsage, name =>
            ScoreColumn.Vector(name, ScoreParts.ExpertUsage, score => score.ExpertUsage, ExpertNames(name, sizes)));
        return columns;

        void Add(string? name, Func<string, ScoreColumn> make)
        {
            if (name is not null)
            {
                columns.Add(make(name));
            }
        }
    }

    /// <summary>Says what an input looks like with the columns; one of the same name is replaced.</summary>
    public static SchemaShape AddTo(this IReadOnlyList<ScoreColumn> columns, SchemaShape inputSchema)
    {
        var shapes = inputSchema.ToDictionary(column => column.Name);
        foreach (var column in columns)
        {
            shapes[column.Definition.Name] = column.Shape;
        }

        return new SchemaShape(shapes.Values);
    }

    private static string[] FeatureNames(FeatureOptions features, ScoreSizes sizes) => features.Pooling switch
    {
        PoolingKind.MeanAndMax => [.. Names("Mean", sizes.Features / 2), .. Names("Max", sizes.Features / 2)],
        var pooling => [.. Names($"{pooling}", sizes.Features)],
    };

    private static IEnumerable<string> Names(string pooling, int count) =>
        Enumerable.Range(1, count).Select(slot => $"{pooling}.{Padded(slot, count)}");

    private static string[] ExpertNames(string column, ScoreSizes sizes)
    {
        if (sizes.ExpertLayers * sizes.Experts == 0)
        {
            throw new ArgumentException(
                $"The column '{column}' (ExpertUsage) was asked for, but the model's blocks have no experts; "
                + "set ExpertUsage to null or use MixtureOfExpertsOptions.");
        }

        return
        [
            .. from layer in Enumerable.Range(1, sizes.ExpertLayers)
               from expert in Enumerable.Range(1, sizes.Experts)
               select $"Layer{Padded(layer, sizes.ExpertLayers)}.Expert{Padded(expert, sizes.Experts)}",
        ];
    }

    // as many digits as the last one has, so that names sort as numbers do
    private static string Padded(int number, int last) =>
        number.ToString($"D{last.ToString(CultureInfo.InvariantCulture).Length}", CultureInfo.InvariantCulture);
}
