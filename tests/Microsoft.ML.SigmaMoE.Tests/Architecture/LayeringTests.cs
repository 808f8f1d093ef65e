using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Folders are the parts of the system. Each names only those that it may, options too; between the folders of the
/// first level, the root among them, no arrow ever leads back.
/// </summary>
public sealed partial class LayeringTests
{
    // Who may name the types of whom. A folder may always name its own; Native and Files serve all.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Native"] = [],
        ["Files"] = [],
        ["Cuda"] = [],
        ["SafeTensors"] = [],
        ["Tokenization"] = [],
        ["Model"] =
            ["Model/Attention", "Model/Cpu", "Model/Cuda", "Model/FeedForward", "Model/Output", "Model/Routing"],
        ["Model/Cpu"] = [],
        ["Model/Cuda"] = ["Cuda"],
        ["Model/Attention"] = ["Model", "Model/Attention/Cpu", "Model/Cpu"],
        ["Model/Attention/Cpu"] = ["Model/Attention", "Model/Cpu"],
        ["Model/Routing"] = ["Model", "Model/Cpu", "Model/Cuda", "Model/FeedForward", "Model/Routing/Cuda"],
        ["Model/Routing/Cuda"] = ["Cuda", "Model", "Model/Cuda"],
        ["Model/Experts"] = ["Model", "Model/Cpu", "Model/Cuda", "Model/Experts/Cpu", "Model/Experts/Cuda"],
        ["Model/Experts/Cpu"] = ["Model", "Model/Cpu", "Model/Experts"],
        ["Model/Experts/Cuda"] = ["Cuda", "Model", "Model/Cuda", "Model/Experts"],
        ["Model/Gather"] = ["Model", "Model/Cpu", "Model/Cuda", "Model/Gather/Cpu", "Model/Gather/Cuda"],
        ["Model/Gather/Cpu"] = ["Model", "Model/Cpu", "Model/Gather"],
        ["Model/Gather/Cuda"] = ["Cuda", "Model", "Model/Cuda", "Model/Gather"],
        ["Model/FeedForward"] = ["Model", "Model/Cpu", "Model/Cuda", "Model/Experts", "Model/Gather", "Model/Routing"],
        ["Model/Output"] = ["Model", "Model/Cpu"],
        ["Scoring"] = ["Model", "Model/Routing", "Tokenization"],
        ["Generation"] = ["Model", "Tokenization"],
        ["Training"] =
            ["Cuda", "Model", "Model/Cpu", "Model/Cuda", "Model/FeedForward", "Model/Routing", "SafeTensors", "Tokenization"],
        ["Configuration"] = ["Model", "Model/FeedForward", "Model/Routing", "Scoring", "Tokenization", "Training"],
        ["Serialization"] = ["Configuration", "Model", "SafeTensors", "Tokenization", "Training"],
        ["Serialization/Checkpoints"] =
        [
            "Configuration", "Model", "Model/Attention", "Model/FeedForward", "Model/Routing", "SafeTensors",
            "Serialization", "Serialization/Torch", "Tokenization",
        ],
        ["Serialization/Torch"] = ["SafeTensors"],
        [""] =
        [
            "Configuration", "Generation", "Model", "Model/Cpu", "Model/Experts", "Model/FeedForward", "Scoring",
            "Serialization", "Serialization/Checkpoints", "Tokenization", "Training",
        ],
        ["Estimators"] = ["", "Configuration", "Model", "Model/FeedForward", "Model/Routing", "Scoring", "Training"],
        ["Benchmarks"] =
        [
            "Generation", "Model", "Model/Attention", "Model/Attention/Cpu", "Model/FeedForward", "Model/Output",
            "Model/Routing", "Scoring", "Training",
        ],
    };

    [Fact]
    public void Folders_GivenTheirSources_NameOnlyTypesBelowThem()
    {
        var wrong = Uses().Where(use => !MayName(use.Folder, use.Home))
            .Select(use => $"{use.File} names {use.Home}/{use.Type}")
            .Distinct();
        Assert.Empty(wrong);
    }

    [Fact]
    public void FoldersOfTheFirstLevel_FormNoCircle()
    {
        var arrows = Uses().Select(use => (From: FirstLevel(use.Folder), To: FirstLevel(use.Home)))
            .Where(arrow => arrow.From != arrow.To)
            .ToHashSet();
        Assert.Contains(("Estimators", ""), arrows);

        // who names nobody that is left is taken away, until only circles are left, and what leads to them
        while (arrows.RemoveWhere(arrow => !arrows.Any(next => next.From == arrow.To)) > 0)
        {
        }

        Assert.Empty(arrows);
    }

    [Fact]
    public void Internals_OfMachineLearning_AreUsedInOneFolder()
    {
        var users = Directory.GetFiles(Repository.Library, "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains("using Microsoft.ML.Runtime", StringComparison.Ordinal))
            .Select(FolderOf)
            .Distinct();
        Assert.DoesNotContain(users, folder => folder is not ("Estimators" or ""));
    }

    private static IEnumerable<(string File, string Folder, string Type, string Home)> Uses()
    {
        var files = Directory.GetFiles(Repository.Library, "*.cs", SearchOption.AllDirectories)
            .Where(file =>
                !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Select(file => (File: file, Folder: FolderOf(file), Text: WithoutComments(File.ReadAllText(file))))
            .ToList();
        var homes = files
            .SelectMany(
                file => Declaration().Matches(file.Text).Select(match => (Name: match.Groups[1].Value, file.Folder)))
            .DistinctBy(type => type.Name)
            .ToDictionary(type => type.Name, type => type.Folder);
        return from file in files
               from Match word in Identifier().Matches(file.Text)
               where homes.ContainsKey(word.Value)
               select (Path.GetRelativePath(Repository.Library, file.File), file.Folder, word.Value, homes[word.Value]);
    }

    private static bool MayName(string folder, string home) =>
        folder == home || home is "Native" or "Files"
        || (Allowed.TryGetValue(folder, out var below) && below.Contains(home));

    private static string FirstLevel(string folder) => folder.Split('/')[0];

    private static string FolderOf(string file) =>
        Path.GetRelativePath(Repository.Library, Path.GetDirectoryName(file)!).Replace('\\', '/') is "." ? ""
        : Path.GetRelativePath(Repository.Library, Path.GetDirectoryName(file)!).Replace('\\', '/');

    private static string WithoutComments(string text) => Comment().Replace(text, "");

    [GeneratedRegex(@"^(?:public|internal)[\w\s]*\b(?:class|record struct|record|struct|interface|enum)\s+(\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"(?<!\.)\b[A-Z]\w+\b(?!\s*=[^=>])")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"//[^\n]*|""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex Comment();
}
