using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>What can be done with tokenizers alone.</summary>
internal sealed class TokenizerCommand : System.CommandLine.Command
{
    public TokenizerCommand()
        : base("tokenizer", "Work with tokenizers.") => Add(new TrainTokenizerCommand());
}
