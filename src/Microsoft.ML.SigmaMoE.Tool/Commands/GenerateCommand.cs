using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Model and prompt → text.</summary>
internal sealed class GenerateCommand : Verb
{
    private static readonly GenerationOptions Defaults = new();
    private readonly Argument<string> _model = new("model") { Description = "The model's folder." };

    private readonly Option<string> _prompt = new("--prompt", "-p")
    {
        Description = "The beginning to continue.",
        HelpName = "text",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<int> _maxTokens = new("--max-tokens")
    {
        Description = "The most tokens to generate.",
        HelpName = "n",
        DefaultValueFactory = _ => Defaults.MaxTokens,
    };

    private readonly Option<double> _temperature = new("--temperature")
    {
        Description = "Below 1 the likely becomes likelier; 0 takes the likeliest.",
        HelpName = "t",
        DefaultValueFactory = _ => Defaults.Temperature,
    };

    private readonly Option<int?> _topK = new("--top-k")
    {
        Description = "Draw from the k likeliest tokens only.",
        HelpName = "k",
    };

    private readonly Option<double> _topP = new("--top-p")
    {
        Description = "Draw from the likeliest tokens that together have this probability.",
        HelpName = "p",
        DefaultValueFactory = _ => Defaults.TopP,
    };

    private readonly Option<double> _minP = new("--min-p")
    {
        Description = "The least probability of a token, as a share of the likeliest one's.",
        HelpName = "p",
        DefaultValueFactory = _ => Defaults.MinP,
    };

    private readonly Option<double> _penalty = new("--repetition-penalty")
    {
        Description = "Above 1 repetition becomes rarer.",
        HelpName = "x",
        DefaultValueFactory = _ => Defaults.RepetitionPenalty,
    };

    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "A text at which generation ends; may be given several times.",
        HelpName = "text",
    };

    private readonly Option<int?> _seed = new("--seed")
    {
        Description = "The same seed gives the same text.",
        HelpName = "n",
    };

    private readonly DeviceOptions _device;

    public GenerateCommand()
        : base("generate", "Continue a text.", "sigmamoe generate model --prompt \"Returns the\" --temperature 0.7")
    {
        Add(_model);
        Symbol[] options = [_prompt, _maxTokens, _temperature, _topK, _topP, _minP, _penalty, _stop, _seed];
        foreach (var option in options.Cast<Option>())
        {
            Add(option);
        }

        _device = new(this);
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        using var model = _device.Load(line, line.GetRequiredValue(_model));
        var prompt = line.GetRequiredValue(_prompt);
        var pieces = model.GenerateStreaming(prompt, ReadOptions(line), shell.Interrupted);
        if (shell.IsJson)
        {
            shell.Output.WriteLine(JsonLine.Of(new { Prompt = prompt, Text = string.Concat(pieces) }));
            return;
        }

        shell.Output.Write(prompt);
        foreach (var piece in pieces)
        {
            shell.Output.Write(piece);
            shell.Output.Flush();
        }

        shell.Output.WriteLine();
    }

    private GenerationOptions ReadOptions(ParseResult line) => new()
    {
        MaxTokens = line.GetValue(_maxTokens),
        Temperature = line.GetValue(_temperature),
        TopK = line.GetValue(_topK),
        TopP = line.GetValue(_topP),
        MinP = line.GetValue(_minP),
        RepetitionPenalty = line.GetValue(_penalty),
        StopSequences = line.GetValue(_stop) ?? [],
        Seed = line.GetValue(_seed),
    };
}
