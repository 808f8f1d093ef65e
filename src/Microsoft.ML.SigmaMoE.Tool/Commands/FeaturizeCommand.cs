using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Model and text → a feature vector for every document.</summary>
internal sealed class FeaturizeCommand : Verb
{
    private readonly Argument<string> _model = new("model") { Description = "The model's folder." };

    private readonly Option<PoolingKind?> _pooling = ChoiceOption.Of<PoolingKind>(
        "--pooling", "How the vectors of a document's tokens are joined; the model's own way if left out.");

    private readonly Option<int?> _layer = new("--layer")
    {
        Description = "The layer to read, from 1; the last one if left out.",
        HelpName = "n",
    };

    private readonly Option<bool> _normalize = new("--normalize") { Description = "Scale vectors to length 1." };
    private readonly TextArguments _text;
    private readonly OutputOption _output;
    private readonly DeviceOptions _device;

    public FeaturizeCommand()
        : base(
            "featurize",
            "Turn documents into feature vectors, tab-separated.",
            "sigmamoe featurize model lines.txt --output features.tsv")
    {
        Add(_model);
        _text = new(this);
        Add(_pooling);
        Add(_layer);
        Add(_normalize);
        (_output, _device) = (new(this), new(this));
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var text = _text.Of(line);
        using var model = _device.Load(line, line.GetRequiredValue(_model));
        var features = Features(line, model.Options.Features);
        shell.Watch("featurize", progress =>
        {
            var rows = ModelScoring.Embed(model, text.Read(), features, progress, shell.Interrupted);
            _output.Write(line, shell, writer => Write(writer, shell, rows));
        });
    }

    private FeatureOptions Features(ParseResult line, FeatureOptions features) => new()
    {
        Pooling = line.GetValue(_pooling) ?? features.Pooling,
        Layer = line.GetValue(_layer) ?? features.Layer,
        Normalize = line.GetValue(_normalize) || features.Normalize,
    };

    private static void Write(TextWriter writer, Shell shell, IEnumerable<float[]> rows)
    {
        foreach (var (index, features) in rows.Index())
        {
            if (index == 0 && !shell.IsJson)
            {
                writer.WriteLine(string.Join('\t', Enumerable.Range(0, features.Length).Select(i => $"f{i}")));
            }

            writer.WriteLine(shell.IsJson
                ? JsonLine.Of(new { Document = index + 1, Features = features })
                : string.Join('\t', features.Select(value => value.ToString("R", CultureInfo.InvariantCulture))));
        }
    }
}
