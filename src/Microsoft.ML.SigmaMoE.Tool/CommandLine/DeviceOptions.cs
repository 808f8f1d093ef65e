using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>The options that say where to compute.</summary>
internal sealed class DeviceOptions
{
    private readonly Option<int?> _gpu = new("--gpu")
    {
        Description = "The number of the GPU to use; the processor if left out.",
        HelpName = "n",
    };

    private readonly Option<bool> _fallback = new("--fallback-to-cpu")
    {
        Description = "Use the processor where that GPU cannot be used.",
    };

    public DeviceOptions(System.CommandLine.Command verb)
    {
        verb.Add(_gpu);
        verb.Add(_fallback);
    }

    public int? Gpu(ParseResult line) => line.GetValue(_gpu);

    public bool FallsBack(ParseResult line) => line.GetValue(_fallback);

    /// <summary>Loads a model to the processor.</summary>
    /// <exception cref="UserException">There is no such folder.</exception>
    public static LanguageModel Load(string folder) => Load(folder, null, false);

    /// <summary>Loads a model to the device.</summary>
    /// <exception cref="UserException">There is no such folder.</exception>
    public LanguageModel Load(ParseResult line, string folder) => Load(folder, Gpu(line), FallsBack(line));

    private static LanguageModel Load(string folder, int? gpu, bool fallsBack) => Directory.Exists(folder)
        ? LanguageModel.Load(folder, gpu, fallsBack)
        : throw new UserException($"{folder} is no folder; name the folder that sigmamoe train wrote.");
}
