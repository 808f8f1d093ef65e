using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Writes a case's folder as the repository's own are: config.json, tensors.safetensors, README.md.</summary>
internal static class CaseFolder
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private const string Readme = "Made by the float64 formulas of the tests, in the format of the authors' cases.\n";

    public static void Write(string folder, JsonObject config, CaseTensors tensors)
    {
        Directory.CreateDirectory(folder);
        config["case"] = Path.GetFileName(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString(Indented));
        File.WriteAllText(Path.Combine(folder, "README.md"), Readme);
        tensors.Write(Path.Combine(folder, "tensors.safetensors"));
    }

    /// <summary>Draws with one seed after another until no choice is nearer to another than rounding is.</summary>
    /// <param name="folder">The case's folder.</param>
    /// <param name="make">Makes a case from a seed; gives its least margin.</param>
    public static void WriteClear(
        string folder, Func<int, (JsonObject Config, CaseTensors Tensors, double Margin)> make)
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            using var scope = NewDisposeScope();
            var (config, tensors, margin) = make(seed);
            if (margin > ExactMargin.Least)
            {
                config["seed"] = seed;
                Write(folder, config, tensors);
                return;
            }
        }

        throw new InvalidOperationException($"No seed gives a clear case for {folder}.");
    }
}
