using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Text and recipe → model folder and metrics.csv.</summary>
internal sealed class TrainCommand : Verb
{
    private readonly TextArguments _text;

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The folder for the model, its checkpoints and metrics.csv.",
        HelpName = "folder",
        Required = true,
    };

    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "A JSON file of options, as in the model folder's config.json.",
        HelpName = "file",
    };

    private readonly Option<string?> _tokenizer = new("--tokenizer")
    {
        Description = "The folder of a tokenizer to use; the recipe's is trained if left out.",
        HelpName = "folder",
    };

    private readonly Option<string?> _from = new("--from")
    {
        Description = "A model's folder to go on from; its shape and tokenizer stay.",
        HelpName = "folder",
    };

    private readonly Option<string[]> _validation = new("--validation")
    {
        Description = "Files to measure on; a share of the text if left out.",
        HelpName = "files",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int?> _steps = new("--steps") { Description = "The most training steps.", HelpName = "n" };

    private readonly Option<double?> _minutes = new("--minutes")
    {
        Description = "The longest training time.",
        HelpName = "m",
    };

    private readonly Option<int?> _seed = new("--seed")
    {
        Description = "The seed of everything random.",
        HelpName = "n",
    };

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Go on with the interrupted training in the output folder.",
    };

    private readonly DeviceOptions _device;

    public TrainCommand()
        : base("train", "Train a language model on text.", "sigmamoe train corpus.txt --output model --minutes 30")
    {
        _text = new(this);
        Option[] options = [_output, _recipe, _tokenizer, _from, _validation, _steps, _minutes, _seed, _resume];
        foreach (var option in options)
        {
            Add(option);
        }

        _device = new(this);
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var run = Read(line);
        using var model = shell.Watch("train", progress => run.Train(progress, shell));
        var end = model.History is [.., var last] ? last : null;
        var validation = model.History.LastOrDefault(report => report.ValidationLoss is not null)?.ValidationLoss;
        var result =
            new { run.Folder, model.Cost.Parameters, end?.Step, end?.Tokens, end?.Loss, ValidationLoss = validation };
        shell.Show(result, screen => screen.Facts(
            ("model", $"{run.Folder}, {model.Cost.Parameters:N0} parameters"),
            ("training", end is null ? "no step" : $"{end.Step:N0} steps, {end.Tokens:N0} tokens, {end.Elapsed.TotalSeconds:F0} s"),
            ("perplexity", end is null ? "" : $"{end.Perplexity:F2} in training"
                + (validation is { } loss ? $", {Math.Exp(loss):F2} on validation text" : ""))));
    }

    private TrainingRun Read(ParseResult line)
    {
        var text = _text.Of(line);
        if (line.GetValue(_from) is not null && line.GetValue(_tokenizer) is not null)
        {
            throw new UserException("--from and --tokenizer exclude each other: a model keeps its tokenizer.");
        }

        return new TrainingRun(line.GetRequiredValue(_output), text, ReadOptions(line))
        {
            Validation = line.GetValue(_validation) is { Length: > 0 } files ? _text.Of(line, files) : null,
            InitialModel = line.GetValue(_from),
            Resumes = line.GetValue(_resume),
        };
    }

    private LanguageModelOptions ReadOptions(ParseResult line)
    {
        var options = line.GetValue(_recipe) is { } file ? Recipe.Read(file) : new LanguageModelOptions();
        var training = options.Training with
        {
            MaxSteps = line.GetValue(_steps) ?? options.Training.MaxSteps,
            MaxDuration = line.GetValue(_minutes) is { } minutes
                ? TimeSpan.FromMinutes(minutes)
                : options.Training.MaxDuration,
            Seed = line.GetValue(_seed) ?? options.Training.Seed,
        };
        return options with
        {
            Training = training,
            Tokenizer = line.GetValue(_tokenizer) is { } folder
                ? new SavedTokenizerOptions { Path = folder }
                : options.Tokenizer,
            GpuDeviceId = _device.Gpu(line) ?? options.GpuDeviceId,
            FallbackToCpu = _device.FallsBack(line) || options.FallbackToCpu,
        };
    }
}
