using System.Globalization;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Tells how training goes to the context's log and progress channel, and to whom the options name.</summary>
internal sealed class ContextProgress : IProgress<TrainingProgress>, IDisposable
{
    private static readonly string[] Metrics =
    [
        "Loss", "Perplexity", "Validation Loss", "Balancing Loss", "Learning Rate", "Gradient Norm",
        "Tokens Per Second",
        "Seconds Left",
    ];

    private static readonly string[] Units = ["epochs", "steps", "tokens"];
    private readonly IChannel _log;
    private readonly IProgressChannel _channel;
    private readonly IProgress<TrainingProgress>? _next;
    private TrainingProgress? _last;
    private int _layers;

    public ContextProgress(IHost host, IProgress<TrainingProgress>? next)
    {
        (_log, _channel, _next) = (host.Start("Training"), host.StartProgressChannel("Training"), next);
        SetHeader();
    }

    public void Report(TrainingProgress value)
    {
        Volatile.Write(ref _last, value);
        if (_layers != value.ExpertEntropy.Count)
        {
            _layers = value.ExpertEntropy.Count;
            SetHeader();
        }

        if (value.Notice is { } notice)
        {
            _log.Warning(notice);
        }

        _log.Info(Describe(value));
        _channel.Checkpoint([.. MetricsOf(value), value.Epoch, value.Step, value.Tokens, null, value.MaxSteps, null]);
        _next?.Report(value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _channel.Dispose();
        _log.Dispose();
    }

    private static string Describe(TrainingProgress value)
    {
        var line = new StringBuilder();
        Add($"Step {value.Step}");
        Add($"{(value.MaxSteps is { } steps ? $" of {steps}" : "")}: loss {value.Loss:F4}, perplexity {value.Perplexity:G6}");
        Add($", learning rate {value.LearningRate:G3}, gradient norm {value.GradientNorm:G3}");
        Add($", {value.TokensPerSecond:F0} tokens/s");
        if (value.ValidationLoss is { } loss)
        {
            Add($", validation loss {loss:F4}");
        }

        if (value.ExpertEntropy.Count > 0)
        {
            Add($", expert entropy {Join(value.ExpertEntropy.Select(share => 100 * share), "F1")} %");
            Add($", dead experts {Join(value.DeadExperts, "D")}");
        }

        if (value.LossScale is { } scale)
        {
            Add($", loss scale {scale:G6}, {value.SkippedSteps} steps skipped");
        }

        if (value.Remaining is { } remaining)
        {
            Add($", {remaining:hh\\:mm\\:ss} left");
        }

        return line.ToString();

        void Add(FormattableString text) => line.Append(text.ToString(CultureInfo.InvariantCulture));
        static string Join<T>(IEnumerable<T> layers, string format)
            where T : IFormattable =>
                string.Join(' ', layers.Select(layer => layer.ToString(format, CultureInfo.InvariantCulture)));
    }

    // The number of layers with experts is known with the first report.
    private void SetHeader() => _channel.SetHeader(
        new ProgressHeader([.. Metrics, .. OfLayers("Expert Entropy"), .. OfLayers("Dead Experts")], Units), Fill);

    private IEnumerable<string> OfLayers(string name) =>
        Enumerable.Range(1, _layers).Select(layer => $"{name} {layer}");

    private static double?[] MetricsOf(TrainingProgress value) =>
    [
        value.Loss,
        value.Perplexity,
        value.ValidationLoss,
        value.BalancingLoss,
        value.LearningRate,
        value.GradientNorm,
        value.TokensPerSecond,
        value.Remaining?.TotalSeconds,
        .. value.ExpertEntropy.Select(entropy => (double?)entropy),
        .. value.DeadExperts.Select(count => (double?)count),
    ];

    // Called whenever somebody asks how far training is, from any thread.
    private void Fill(IProgressEntry entry)
    {
        if (Volatile.Read(ref _last) is { } value)
        {
            foreach (var (index, metric) in MetricsOf(value).Index())
            {
                entry.SetMetric(index, metric ?? double.NaN);
            }

            entry.SetProgress(0, value.Epoch);
            entry.SetProgress(1, value.Step, value.MaxSteps ?? double.NaN);
            entry.SetProgress(2, value.Tokens);
        }
    }
}
