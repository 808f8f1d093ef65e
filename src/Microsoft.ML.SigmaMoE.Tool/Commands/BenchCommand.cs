using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>What this library takes on this machine, beside dense blocks and libtorch's own ways.</summary>
internal sealed class BenchCommand : Verb
{
    private static readonly BenchmarkOptions Defaults = new();
    private static readonly string[] Head =
        ["", "precision", "ms", "quartiles", "to dense bf16", "to dense f32", "to baseline", "error", "peak MB"];

    private readonly Argument<BenchmarkKind> _kind = new("what") { Description = "layer, step, score, decode, adamw or attention." };
    private readonly Option<int> _modelSize = Size("--d-model", "Width of the model.", Defaults.ModelSize);
    private readonly Option<int> _experts = Size("--experts", "Experts of a layer.", Defaults.ExpertCount);
    private readonly Option<int> _expertSize = Size("--expert-size", "Hidden neurons of an expert.", Defaults.ExpertSize);
    private readonly Option<int> _active = Size("--active-experts", "Experts that each token is sent to.", Defaults.ActiveExperts);
    private readonly Option<int> _tokens = Size("--tokens", "Tokens of a call or a batch.", Defaults.Tokens);
    private readonly Option<int> _repetitions = Size("--repetitions", "Runs of each contender; the median counts.", Defaults.Repetitions);

    public BenchCommand()
        : base("bench", "Measure this machine: contenders in turns, compared with a reference first.", "sigmamoe bench layer --d-model 512 --json")
    {
        Add(_kind);
        foreach (var size in (Option<int>[])[_modelSize, _experts, _expertSize, _active, _tokens, _repetitions])
        {
            Add(size);
        }
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var options = new BenchmarkOptions
        {
            ModelSize = line.GetValue(_modelSize),
            ExpertCount = line.GetValue(_experts),
            ExpertSize = line.GetValue(_expertSize),
            ActiveExperts = line.GetValue(_active),
            Tokens = line.GetValue(_tokens),
            Repetitions = line.GetValue(_repetitions),
        };
        var results = SigmaMoEBenchmark.Run(line.GetRequiredValue(_kind), options, shell.Interrupted);
        if (shell.IsJson)
        {
            foreach (var result in results)
            {
                shell.Show(result, _ => { });
            }

            return;
        }

        shell.Show(results, screen =>
        {
            foreach (var group in results.GroupBy(result => result.Shape))
            {
                screen.Line(group.Key);
                screen.Table(Head, group.Select(Row));
            }
        });
    }

    private static IReadOnlyList<string> Row(BenchmarkResult result) =>
    [
        result.Name,
        result.Precision,
        Number(result.Milliseconds, "F2"),
        $"{Number(result.LowerQuartile, "F2")} – {Number(result.UpperQuartile, "F2")}",
        Number(result.RatioToDenseBf16, "F2"),
        Number(result.RatioToDenseFloat32, "F2"),
        Number(result.RatioToBaseline, "F2"),
        Number(result.ErrorVsReference, "E1"),
        Number(result.PeakBytes / 1e6, "F0"),
    ];

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private static Option<int> Size(string name, string description, int value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
