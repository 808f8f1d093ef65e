using System.Diagnostics;
using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>
/// One training of one system and its test, in a folder of its own: recipe.json, data.json, model/, result.json.
/// </summary>
internal sealed record ComparisonRun(
    string Folder, string System, int Seed, LanguageModelOptions Options, ComparisonData Data)
{
    private string ResultFile => Path.Combine(Folder, "result.json");

    private string RecipeFile => Path.Combine(Folder, "recipe.json");

    private string DataFile => Path.Combine(Folder, "data.json");

    /// <summary>Reads a run that <see cref="Prepare"/> wrote.</summary>
    public static ComparisonRun Open(string folder, string system, int seed)
    {
        var run = new ComparisonRun(folder, system, seed, new(), new() { Files = [] });
        return run with
        {
            Options = Recipe.Read(run.RecipeFile),
            Data = JsonSerializer.Deserialize<ComparisonData>(File.ReadAllText(run.DataFile))!,
        };
    }

    /// <summary>Writes what the run needs, or checks that it is what stands there already.</summary>
    /// <exception cref="UserException">The folder belongs to another comparison.</exception>
    public void Prepare()
    {
        Directory.CreateDirectory(Folder);
        WriteOrCompare(RecipeFile, Options.ToJson());
        WriteOrCompare(DataFile, JsonSerializer.Serialize(Data));
    }

    /// <summary>Reads the result of an earlier process, if there is one.</summary>
    public RunResult? Result() =>
        File.Exists(ResultFile) ? JsonSerializer.Deserialize<RunResult>(File.ReadAllText(ResultFile)) : null;

    /// <summary>Trains, from the checkpoint if there is one, tests, and writes the result.</summary>
    public RunResult Execute(IProgress<WorkState> progress, Shell shell)
    {
        var training = new TrainingRun(Path.Combine(Folder, "model"), Data.Training(), Options) { Resumes = true };
        using var model = training.Train(progress, shell);
        var end = model.History[^1];
        var peak = PeakMemory();
        var test = ModelTest.Run(model, Data.Test());
        var result = new RunResult
        {
            System = System,
            Seed = Seed,
            Parameters = model.Cost.Parameters,
            Steps = end.Step,
            Tokens = end.Tokens,
            Seconds = end.Elapsed.TotalSeconds,
            PeakBytes = peak,
            TestTokens = test.Metrics.TokenCount,
            Perplexity = test.Metrics.Perplexity,
            BitsPerByte = test.Metrics.BitsPerByte,
            ExpertEntropy = test.ExpertEntropy,
            DeadExperts = test.DeadExperts,
        };
        WholeFile.Write(ResultFile, JsonSerializer.Serialize(result));
        training.DeleteCheckpoints();
        return result;
    }

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private static void WriteOrCompare(string file, string text)
    {
        if (!File.Exists(file))
        {
            WholeFile.Write(file, text);
        }
        else if (File.ReadAllText(file) != text)
        {
            throw new UserException(
                $"{file} belongs to a comparison with other options or text; choose another --output, or give the same again.");
        }
    }
}
