using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The folder that this test was built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Library { get; } = Path.Combine(Root, "src", "Microsoft.ML.SigmaMoE");

    private static string FindRoot([CallerFilePath] string here = "")
    {
        var folder = Path.GetDirectoryName(here);
        while (folder is not null && !File.Exists(Path.Combine(folder, "Microsoft.ML.SigmaMoE.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder
            ?? throw new DirectoryNotFoundException($"No folder above {here} holds Microsoft.ML.SigmaMoE.sln.");
    }
}
