using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>metrics.csv of a training: a row a report, written as training goes on.</summary>
internal sealed class RunLog(string folder)
{
    public const string FileName = "metrics.csv";

    private const string Head =
        "step,epoch,tokens,seconds,loss,validation_loss,"
        + "balancing_loss,learning_rate,gradient_norm,tokens_per_second,expert_entropy,dead_experts,loss_scale,skipped_steps";

    private readonly string _path = Path.Combine(folder, FileName);
    private bool _isOpen;

    /// <summary>Adds a row. Rows of an interrupted training that come after it, or are it, are dropped first.</summary>
    public void Append(TrainingProgress report)
    {
        if (!_isOpen)
        {
            var earlier = File.Exists(_path)
                ? MetricsTable.Read(_path).Rows.Where(row => row["step"] < report.Step)
                : [];
            WholeFile.Write(_path, writer =>
            {
                writer.WriteLine(Head);
                foreach (var row in earlier)
                {
                    writer.WriteLine(row.TextOf(Head.Split(',')));
                }
            });
            _isOpen = true;
        }

        File.AppendAllLines(_path, [Row(report)]);
    }

    /// <summary>Writes a whole history.</summary>
    public void Write(IEnumerable<TrainingProgress> history) => WholeFile.Write(_path, writer =>
    {
        writer.WriteLine(Head);
        foreach (var report in history)
        {
            writer.WriteLine(Row(report));
        }
    });

    // Entropy is the mean over layers, dead experts their sum; both are empty without experts. The scale of losses and
    // how many steps it skipped are empty in precisions that scale none.
    private static string Row(TrainingProgress report)
    {
        double? entropy = report.ExpertEntropy.Count > 0 ? report.ExpertEntropy.Average() : null;
        int? dead = report.DeadExperts.Count > 0 ? report.DeadExperts.Sum() : null;
        long? skipped = report.LossScale is null ? null : report.SkippedSteps;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Step},{report.Epoch},{report.Tokens},{report.Elapsed.TotalSeconds:F3},{report.Loss},{report.ValidationLoss},"
            + $"{report.BalancingLoss},{report.LearningRate},{report.GradientNorm},{report.TokensPerSecond:F1},{entropy},{dead},"
            + $"{report.LossScale},{skipped}");
    }
}
