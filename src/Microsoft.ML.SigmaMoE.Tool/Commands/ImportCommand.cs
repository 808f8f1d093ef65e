using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Checkpoint of the authors' code → model folder.</summary>
internal sealed class ImportCommand : Verb
{
    private readonly Argument<string> _checkpoint = new("checkpoint")
    {
        Description = "The checkpoint's file or folder.",
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The folder for the model.",
        HelpName = "folder",
        Required = true,
    };

    private readonly Option<string?> _tokenizer = new("--tokenizer")
    {
        Description = "A folder with the model's tokenizer; without one the model takes token ids.",
        HelpName = "folder",
    };

    private readonly Option<int?> _active = new("--active-experts")
    {
        Description = "The experts of a token (K), where the file does not say.",
        HelpName = "k",
    };

    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "A JSON file whose model and feed_forward say what the file does not.",
        HelpName = "file",
    };

    private readonly Option<bool> _assume = new("--assume")
    {
        Description = "Go on where nothing says which feed-forward blocks the file has, and print what is assumed.",
    };

    private readonly DeviceOptions _device;

    public ImportCommand()
        : base(
            "import",
            "Make a model of a checkpoint of the authors' code.",
            "sigmamoe import model-100000.pth --output model")
    {
        Add(_checkpoint);
        Option[] options = [_output, _tokenizer, _active, _recipe, _assume];
        foreach (var option in options)
        {
            Add(option);
        }

        _device = new(this);
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var folder = line.GetRequiredValue(_output);
        using var model = LanguageModel.Import(line.GetRequiredValue(_checkpoint), ReadOptions(line, shell));
        model.Save(folder);
        var result = new { Folder = folder, model.Cost.Parameters, model.VocabularySize, model.HasTokenizer };
        shell.Show(result, screen => screen.Line(
            $"{folder} holds a model of {model.Cost.Parameters:N0} parameters and {model.VocabularySize:N0} tokens"
            + (model.HasTokenizer ? "." : ", without a tokenizer.")));
    }

    private ImportOptions ReadOptions(ParseResult line, Shell shell)
    {
        var (recipe, parts) = line.GetValue(_recipe) is { } file ? (Recipe.Read(file), Recipe.Parts(file)) : (null, []);
        return new()
        {
            Model = parts.Contains("model") ? recipe?.Model : null,
            FeedForward = parts.Contains("feed_forward") ? recipe?.FeedForward : null,
            Precision = recipe?.Precision ?? Precision.Automatic,
            ActiveExperts = line.GetValue(_active),
            OnAssumption = line.GetValue(_assume) ? shell.Errors.WriteLine : Refuse,
            Tokenizer = line.GetValue(_tokenizer) is { } folder ? TextTokenizer.Load(folder) : null,
            GpuDeviceId = _device.Gpu(line),
            FallbackToCpu = _device.FallsBack(line),
        };
    }

    private static void Refuse(string assumption) => throw new UserException(
        $"{assumption} Say what it is with a --recipe that has feed_forward, or accept this with --assume.");
}
