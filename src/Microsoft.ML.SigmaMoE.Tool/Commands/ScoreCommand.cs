using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Model and text → a row of scores for every document.</summary>
internal sealed class ScoreCommand : Verb
{
    private readonly Argument<string> _model = new("model") { Description = "The model's folder." };

    private readonly Option<bool> _ids = new("--ids")
    {
        Description = "Lines are token ids, for models whose tokenizer is elsewhere; a line's first token is given, not predicted.",
    };

    private readonly TextArguments _text;
    private readonly OutputOption _output;
    private readonly DeviceOptions _device;

    public ScoreCommand()
        : base(
            "score",
            "Score documents one by one: tokens, bytes, log-likelihood, perplexity and bits per byte, tab-separated.",
            "sigmamoe score model lines.txt --output scores.tsv")
    {
        Add(_model);
        _text = new(this);
        Add(_ids);
        (_output, _device) = (new(this), new(this));
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var text = _text.Of(line);
        using var model = _device.Load(line, line.GetRequiredValue(_model));
        shell.Watch("score", progress =>
        {
            var scores = line.GetValue(_ids)
                ? ModelScoring.Score(model, TokenRows.Read(text.Read()), progress, shell.Interrupted)
                : ModelScoring.Score(model, text.Read(), progress, shell.Interrupted);
            _output.Write(line, shell, writer => Write(writer, shell, scores));
        });
    }

    private static void Write(TextWriter writer, Shell shell, IEnumerable<RowScore> rows)
    {
        if (!shell.IsJson)
        {
            writer.WriteLine("document\ttokens\tbytes\tlog_likelihood\tperplexity\tbits_per_byte");
        }

        foreach (var (index, score) in rows.Index())
        {
            writer.WriteLine(shell.IsJson ? Json(index + 1, score) : TabSeparated(index + 1, score));
        }
    }

    private static string TabSeparated(int document, RowScore score) => string.Create(
        CultureInfo.InvariantCulture,
        $"{document}\t{score.TokenCount}\t{score.ByteCount}\t{score.LogLikelihood}\t{score.Perplexity}\t{score.BitsPerByte}");

    private static string Json(int document, RowScore score) => JsonLine.Of(new
    {
        Document = document,
        Tokens = score.TokenCount,
        Bytes = score.ByteCount,
        score.LogLikelihood,
        score.Perplexity,
        score.BitsPerByte,
    });
}
