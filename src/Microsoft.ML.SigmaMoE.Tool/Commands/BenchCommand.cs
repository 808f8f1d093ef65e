using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>What this library takes on this machine, beside dense blocks and libtorch's own ways.</summary>
internal sealed class BenchCommand : Verb
{
    private static readonly BenchmarkOptions Defaults = new();
    private static readonly Dictionary<string, BenchmarkGrowth> Growths = new()
    {
        ["tokens"] = BenchmarkGrowth.Tokens,
        ["d-model"] = BenchmarkGrowth.ModelSize,
        ["experts"] = BenchmarkGrowth.ExpertCount,
        ["expert-size"] = BenchmarkGrowth.ExpertSize,
        ["active-experts"] = BenchmarkGrowth.ActiveExperts,
        ["segment"] = BenchmarkGrowth.SegmentLength,
    };

    private readonly Argument<BenchmarkKind> _kind =
        new("what") { Description = "layer, step, score, decode, adamw or attention." };
    private readonly Option<int> _modelSize = Size("--d-model", "Width of the model.", Defaults.ModelSize);
    private readonly Option<int> _experts = Size("--experts", "Experts of a layer.", Defaults.ExpertCount);
    private readonly Option<int> _expertSize = Size(
        "--expert-size", "Hidden neurons of an expert.", Defaults.ExpertSize);
    private readonly Option<int> _active = Size(
        "--active-experts", "Experts that each token is sent to.", Defaults.ActiveExperts);
    private readonly Option<int> _tokens = Size("--tokens", "Tokens of a call or a batch.", Defaults.Tokens);
    private readonly Option<int> _repetitions = Size(
        "--repetitions", "Runs of each contender; the median counts.", Defaults.Repetitions);
    private readonly Option<string?> _grow = new("--grow")
    {
        Description = $"With layer: measure at five sizes. {string.Join(", ", Growths.Keys)} (attention's).",
        HelpName = "size",
    };

    public BenchCommand()
        : base(
            "bench",
            "Measure this machine: contenders in turns, compared with a reference first.",
            "sigmamoe bench layer --d-model 512 --grow tokens")
    {
        Add(_kind);
        foreach (var size in (Option<int>[])[_modelSize, _experts, _expertSize, _active, _tokens, _repetitions])
        {
            Add(size);
        }

        Add(_grow.AcceptOnlyFromAmong([.. Growths.Keys]));
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
        var (kind, growth) = (line.GetRequiredValue(_kind), Growth(line));
        if (LeavesBFloat16Out(kind))
        {
            shell.Errors.WriteLine(
                "bfloat16 is left out: this processor only emulates it, far slower than it multiplies float32.");
        }

        if (growth is { } what)
        {
            var grown = SigmaMoEBenchmark.Grow(what, options, shell.Interrupted);
            shell.ShowAll(grown, screen => new BenchTables(screen).ShowGrowth(line.GetValue(_grow)!, grown));
            return;
        }

        var results = SigmaMoEBenchmark.Run(kind, options, shell.Interrupted);
        shell.ShowAll(results, screen => new BenchTables(screen).Show(results));
    }

    private BenchmarkGrowth? Growth(ParseResult line)
    {
        if (line.GetValue(_grow) is not { } word)
        {
            return null;
        }

        return line.GetRequiredValue(_kind) == BenchmarkKind.Layer
            ? Growths[word]
            : throw new UserException("--grow goes with layer: sigmamoe bench layer --grow tokens.");
    }

    // The others compute as models do, or in float32 alone.
    private static bool LeavesBFloat16Out(BenchmarkKind kind) =>
        kind is BenchmarkKind.Layer or BenchmarkKind.Step or BenchmarkKind.Decode or BenchmarkKind.Attention
        && !RuntimeDescription.OfThisProcess().ProcessorFeatures.Contains("bfloat16");

    private static Option<int> Size(string name, string description, int value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
