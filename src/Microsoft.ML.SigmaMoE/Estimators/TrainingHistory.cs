using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A report of a training as a row of a table: what is not known is NaN, and layers are a vector.</summary>
internal sealed class TrainingHistory
{
    public long Step { get; init; }

    public int Epoch { get; init; }

    public long Tokens { get; init; }

    public double Loss { get; init; }

    public double Perplexity { get; init; }

    public double ValidationLoss { get; init; }

    public double BalancingLoss { get; init; }

    public double LearningRate { get; init; }

    public double GradientNorm { get; init; }

    public double TokensPerSecond { get; init; }

    public double ElapsedSeconds { get; init; }

    public double LossScale { get; init; }

    public long SkippedSteps { get; init; }

    public float[] ExpertEntropy { get; init; } = [];

    public float[] DeadExperts { get; init; } = [];

    /// <summary>Makes a view of what training reported.</summary>
    public static IDataView View(IHostEnvironment environment, IReadOnlyList<TrainingProgress> reports)
    {
        var schema = SchemaDefinition.Create(typeof(TrainingHistory));
        var layers = reports.Count == 0 ? 0 : reports[0].ExpertEntropy.Count;
        foreach (var name in new[] { nameof(ExpertEntropy), nameof(DeadExperts) })
        {
            schema[name].ColumnType = new VectorDataViewType(NumberDataViewType.Single, layers); // 0 is a variable size
        }

        return new DataOperationsCatalog(environment).LoadFromEnumerable(reports.Select(Row), schema);
    }

    private static TrainingHistory Row(TrainingProgress report) => new()
    {
        Step = report.Step,
        Epoch = report.Epoch,
        Tokens = report.Tokens,
        Loss = report.Loss,
        Perplexity = report.Perplexity,
        ValidationLoss = report.ValidationLoss ?? double.NaN,
        BalancingLoss = report.BalancingLoss,
        LearningRate = report.LearningRate,
        GradientNorm = report.GradientNorm,
        TokensPerSecond = report.TokensPerSecond,
        ElapsedSeconds = report.Elapsed.TotalSeconds,
        LossScale = report.LossScale ?? double.NaN,
        SkippedSteps = report.SkippedSteps,
        ExpertEntropy = [.. report.ExpertEntropy.Select(entropy => (float)entropy)],
        DeadExperts = [.. report.DeadExperts.Select(count => (float)count)],
    };
}
