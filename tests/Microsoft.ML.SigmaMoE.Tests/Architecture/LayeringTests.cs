using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Folders are the parts of the system; an arrow between them never points back.</summary>
public sealed partial class LayeringTests
{
    // Who may name the types of whom. A folder may always name its own; Native and Files serve all, and options travel down.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Native"] = [],
        ["Files"] = [],
        ["Model/Cpu"] = [],
        ["Model/Routing"] = ["Model", "Model/Cpu"],
        ["Cuda"] = [],
        ["Model/Experts"] = ["Model", "Model/Cpu", "Model/Experts/Cpu", "Model/Experts/Cuda"],
        ["Model/Cuda"] = ["Cuda"],
        ["Model/Experts/Cuda"] = ["Model", "Model/Cuda", "Model/Experts", "Cuda"],
        ["Model/Experts/Cpu"] = ["Model", "Model/Cpu", "Model/Experts"],
        ["Model/Attention"] = ["Model", "Model/Attention/Cpu", "Model/Cpu"],
        ["Model/Attention/Cpu"] = ["Model/Attention", "Model/Cpu"],
        ["Model/Output"] = ["Model", "Model/Cpu"],
        ["Model/FeedForward"] = ["Model", "Model/Cpu", "Model/Routing", "Model/Experts"],
        ["Model"] = ["Model/Attention", "Model/Cpu", "Model/Cuda", "Model/FeedForward", "Model/Output", "Model/Routing"],
        ["Tokenization"] = [],
        ["Scoring"] = ["Model", "Model/Routing", "Tokenization"],
        ["Generation"] = ["Model", "Tokenization"],
        ["Training"] = ["Cuda", "Model", "Model/Cuda", "Model/FeedForward", "Model/Routing", "Serialization", "Tokenization"],
        ["Serialization"] = ["Model", "Model/FeedForward", "Tokenization", "Training"],
        ["Serialization/Checkpoints"] = ["Model", "Model/Attention", "Model/FeedForward", "Serialization", "Serialization/Torch", "Tokenization"],
        ["Serialization/Torch"] = ["Serialization"],
    };

    [Fact]
    public void Folders_GivenTheirSources_NameOnlyTypesBelowThem()
    {
        var files = Directory.GetFiles(Repository.Library, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Select(file => (File: file, Folder: FolderOf(file), Text: WithoutComments(File.ReadAllText(file))))
            .ToList();
        var homes = files
            .SelectMany(file => Declaration().Matches(file.Text).Select(match => (Name: match.Groups[1].Value, file.Folder)))
            .DistinctBy(type => type.Name)
            .ToDictionary(type => type.Name, type => type.Folder);
        var wrong = from file in files
                    where Allowed.ContainsKey(file.Folder)
                    from Match word in Identifier().Matches(file.Text)
                    where !word.Value.EndsWith("Options", StringComparison.Ordinal)
                    where homes.TryGetValue(word.Value, out var home) && !MayName(file.Folder, home)
                    select $"{Path.GetRelativePath(Repository.Library, file.File)} names {homes[word.Value]}/{word.Value}";
        var found = wrong.Distinct().ToList();
        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found));
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

    private static bool MayName(string folder, string home) =>
        folder == home || home is "Native" or "Files" || Allowed[folder].Contains(home);

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
