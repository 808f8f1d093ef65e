using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Text → vocabulary.</summary>
internal sealed class TrainTokenizerCommand : Verb
{
    private static readonly BytePairTokenizerOptions Defaults = new();
    private readonly TextArguments _text;

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The folder for the tokenizer's files.",
        HelpName = "folder",
        Required = true,
    };

    private readonly Option<int> _size = new("--vocabulary")
    {
        Description = "The number of different tokens.",
        HelpName = "n",
        DefaultValueFactory = _ => Defaults.VocabularySize,
    };

    private readonly Option<int> _frequency = new("--min-frequency")
    {
        Description = "How often a pair must occur to become a token.",
        HelpName = "n",
        DefaultValueFactory = _ => Defaults.MinimumPairFrequency,
    };

    private readonly Option<bool> _keepDigits = new("--keep-digits")
    {
        Description = "Let tokens hold several digits.",
    };

    public TrainTokenizerCommand()
        : base(
            "train",
            "Train a byte-level BPE tokenizer on text.",
            "sigmamoe tokenizer train corpus.txt --output tokenizer --vocabulary 8000")
    {
        _text = new(this);
        Add(_output);
        Add(_size);
        Add(_frequency);
        Add(_keepDigits);
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var text = _text.Of(line);
        var folder = line.GetRequiredValue(_output);
        var tokenizer = shell.Watch("tokenizer", progress => TextTokenizer.Train(
            ReadOptions(line), text.Read(), new TokenizerDisplay(progress), shell.Interrupted));
        tokenizer.Save(folder);
        var result = new { Folder = folder, tokenizer.VocabularySize };
        shell.Show(
            result, screen => screen.Line($"{folder} holds a tokenizer of {tokenizer.VocabularySize:N0} tokens."));
    }

    private BytePairTokenizerOptions ReadOptions(ParseResult line) => new()
    {
        VocabularySize = line.GetValue(_size),
        MinimumPairFrequency = line.GetValue(_frequency),
        SplitDigits = !line.GetValue(_keepDigits),
    };

    private sealed class TokenizerDisplay(IProgress<WorkState> progress) : IProgress<TokenizerTrainingProgress>
    {
        public void Report(TokenizerTrainingProgress value) =>
            progress.Report(new(
                null, $"{value.BytesRead / 1e6:F1} MB, {value.DistinctWords:N0} words, {value.TokenCount:N0} tokens"));
    }
}
