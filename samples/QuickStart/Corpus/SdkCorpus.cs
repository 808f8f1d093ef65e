using System.Collections.Concurrent;
using System.Xml.Linq;

namespace QuickStart;

/// <summary>The XML documentation of the .NET SDK: a row for each documented member, labelled by namespace.</summary>
internal static class SdkCorpus
{
    public static TextCorpus Read() => Read(ReferencePacks.OfRunningSdk());

    public static TextCorpus Read(ReferencePacks packs)
    {
        var types = new TypeNamespaces(packs.Assemblies);

        // one file is a fifth of the text: threads take the next file when they are done, the order stays
        var files = Partitioner.Create(packs.DocumentationFiles, EnumerablePartitionerOptions.NoBuffering);
        var documents = files.AsParallel().AsOrdered().Select(file => ReadFile(file, types)).SelectMany(file => file);
        return new TextCorpus($"XML documentation of the .NET SDK, {packs.DocumentationFiles.Count} files", documents);
    }

    /// <summary>The first two segments of a namespace: System.Collections for System.Collections.Generic.</summary>
    public static string Label(string space) => string.Join('.', space.Split('.').Take(2));

    private static List<Document> ReadFile(string path, TypeNamespaces types) =>
    [
        .. from member in XDocument.Load(path).Descendants("member")
           let name = member.Attribute("name")?.Value
           where name is not null
           select ToDocument(member, name, types.Find(name)),
    ];

    // A few files document internal types, which no reference assembly has: text without a label.
    private static Document ToDocument(XElement member, string name, (string Type, string Namespace)? found) =>
        new(DocumentationText.Of(member), found is { } type ? Label(type.Namespace) : null, name, found?.Type ?? name);
}
