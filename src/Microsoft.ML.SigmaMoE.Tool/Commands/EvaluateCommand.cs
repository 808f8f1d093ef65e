using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Model and text → how well the one predicts the other.</summary>
internal sealed class EvaluateCommand : Verb
{
    private readonly Argument<string> _model = new("model") { Description = "The model's folder." };
    private readonly TextArguments _text;
    private readonly DeviceOptions _device;

    public EvaluateCommand()
        : base("eval", "Measure how well a model predicts text.", "sigmamoe eval model test.txt")
    {
        Add(_model);
        (_text, _device) = (new(this), new(this));
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var text = _text.Of(line);
        using var model = _device.Load(line, line.GetRequiredValue(_model));
        var metrics = shell.Watch(
            "eval", progress => ModelScoring.Evaluate(model, text.Read(), progress, shell.Interrupted));
        shell.Show(metrics, screen => screen.Facts(
            ("documents", $"{metrics.RowCount:N0}"),
            ("tokens", $"{metrics.TokenCount:N0}"),
            ("bytes", $"{metrics.ByteCount:N0}"),
            ("cross entropy", $"{metrics.CrossEntropy:F4} nats a token"),
            ("perplexity", $"{metrics.Perplexity:F3} a token"),
            ("bits per byte", $"{metrics.BitsPerByte:F4}")));
    }
}
