using System.Xml.Linq;
using Microsoft.ML;
using Microsoft.ML.SigmaMoE.Tests;

namespace QuickStart.Tests;

/// <summary>The split that the quick start makes of the SDK's documentation, on a small copy of its form.</summary>
public sealed class TypeSplitTests : IDisposable
{
    private readonly TemporaryFolder _packs = new();
    private readonly TextCorpus _corpus;

    public TypeSplitTests()
    {
        var folder = Directory.CreateDirectory(_packs.File("Microsoft.NETCore.App.Ref/10.0.2/ref/net10.0")).FullName;
        File.Copy(typeof(MLContext).Assembly.Location, Path.Combine(folder, "Types.dll"));
        var members = typeof(MLContext).Assembly.GetExportedTypes()
            .Where(type => !type.IsNested)
            .SelectMany(type => Enumerable.Range(0, 6).Select(number => $"M:{type.FullName}.Method{number}"))
            .Select(name =>
                new XElement("member", new XAttribute("name", name), new XElement("summary", $"Does {name}.")));
        new XDocument(new XElement("doc", new XElement("members", members))).Save(Path.Combine(folder, "Types.xml"));
        _corpus = SdkCorpus.Read(ReferencePacks.In(_packs.Path));
    }

    public void Dispose() => _packs.Dispose();

    [Fact]
    public void Split_ByDefault_KeepsTheMembersOfATypeInOnePart()
    {
        var parts = PartsOfTypes(new());
        Assert.InRange(parts.Count, 100, 10_000);
        Assert.All(parts.Values, found => Assert.Single(found));
        Assert.Equal([0, 1, 2], parts.SelectMany(type => type.Value).Distinct().Order());
    }

    [Fact]
    public void Split_ByMember_SpreadsTheMembersOfManyTypes()
    {
        var parts = PartsOfTypes(new() { Split = SplitKind.Member });
        var spread = parts.Values.Count(found => found.Count > 1);    // 47 % of types with six members
        Assert.InRange(spread, parts.Count / 4, parts.Count);
    }

    private Dictionary<string, HashSet<int>> PartsOfTypes(QuickStartOptions options)
    {
        var split = CorpusChoice.Split(options, _corpus);
        return new[] { split.Train, split.Validation, split.Test }
            .SelectMany((part, number) => part.Select(document => (Type: TypeIn(document.Text), Part: number)))
            .GroupBy(row => row.Type)
            .ToDictionary(type => type.Key, type => type.Select(row => row.Part).ToHashSet());
    }

    // "Does M:Namespace.Type.Method3.": from the text, whatever the corpus calls its type
    private static string TypeIn(string text) => text[..text.LastIndexOf(".Method", StringComparison.Ordinal)];
}
