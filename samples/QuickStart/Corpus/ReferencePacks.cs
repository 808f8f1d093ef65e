namespace QuickStart;

/// <summary>The reference packs of the SDK whose runtime runs this program: assemblies and their XML documentation.</summary>
internal sealed class ReferencePacks
{
    private static readonly string[] PackNames = ["Microsoft.NETCore.App.Ref", "Microsoft.AspNetCore.App.Ref"];

    private ReferencePacks(IEnumerable<string> folders)
    {
        Folders = [.. folders];
        DocumentationFiles = FilesOnce("*.xml");
        Assemblies = FilesOnce("*.dll");
    }

    public IReadOnlyList<string> Folders { get; }

    public IReadOnlyList<string> DocumentationFiles { get; }

    public IReadOnlyList<string> Assemblies { get; }

    /// <summary>Finds the packs of the SDK that the running program belongs to.</summary>
    public static ReferencePacks OfRunningSdk() => In(Path.Combine(DotnetFolder(), "packs"));

    /// <summary>Finds the packs in one folder.</summary>
    /// <exception cref="UserException">There is no documentation.</exception>
    public static ReferencePacks In(string packsFolder)
    {
        var packs = new ReferencePacks(PackNames.Select(name => ReferenceFolder(packsFolder, name)).OfType<string>());
        return packs.DocumentationFiles.Count > 0 ? packs : throw new UserException(
            $"No XML documentation of the .NET SDK was found under {packsFolder}. "
            + "Install the .NET 10 SDK (not only the runtime), or give a text of your own with --text FILE.");
    }

    // …/dotnet/shared/Microsoft.NETCore.App/10.0.0/System.Private.CoreLib.dll
    private static string DotnetFolder()
    {
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return Path.GetFullPath(Path.Combine(runtime, "..", "..", ".."));
    }

    // packs/Microsoft.NETCore.App.Ref/10.0.0/ref/net10.0: the newest version, and its newest framework
    private static string? ReferenceFolder(string packsFolder, string packName)
    {
        var pack = new DirectoryInfo(Path.Combine(packsFolder, packName));
        var newest = pack.Exists ? pack.EnumerateDirectories().MaxBy(folder => VersionOf(folder.Name)) : null;
        var reference = new DirectoryInfo(Path.Combine(newest?.FullName ?? pack.FullName, "ref"));
        return reference.Exists
            ? reference.EnumerateDirectories("net*").MaxBy(folder => VersionOf(folder.Name["net".Length..]))?.FullName
            : null;
    }

    private static Version VersionOf(string name) =>
        Version.TryParse(name.Split('-')[0], out var version) ? version : new Version(0, 0);

    // The ASP.NET Core pack repeats files of the first one, byte for byte.
    private List<string> FilesOnce(string pattern) =>
    [
        .. Folders.SelectMany(folder => Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal))
            .DistinctBy(Path.GetFileName),
    ];
}
