using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class MachineLearningInternalsTests
{
    private static readonly Assembly Library = typeof(RowScoring).Assembly;

    [Fact]
    public void EveryMemberOfMachineLearning_ThatTheLibraryUses_IsThere()
    {
        var missing = UsedMembers().Where(member => member.Resolved is null).Select(member => member.Name).ToArray();
        Assert.True(
            missing.Length == 0,
            $"Microsoft.ML {typeof(MLContext).Assembly.GetName().Version} lacks members that the library's folder "
            + "Estimators uses; ML.NET changed its internals. Adapt these uses before taking the new version: "
            + string.Join(", ", missing));
    }

    [Fact]
    public void UsedMembers_CoverTheInternalOnes()
    {
        var used = UsedMembers().Where(member => member.Resolved is ConstructorInfo { IsAssembly: true }
            or MethodInfo { IsAssembly: true } or MethodInfo { DeclaringType.IsVisible: false }).ToArray();
        Assert.Contains(used, member => member.Name == "Microsoft.ML.Data.ColumnBindings.MapColumnIndex");
        Assert.InRange(used.Length, 5, int.MaxValue);
    }

    private static IEnumerable<(string Name, MemberInfo? Resolved)> UsedMembers()
    {
        using var file = new PEReader(File.OpenRead(Library.Location));
        var metadata = file.GetMetadataReader();
        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference
                && FullName(metadata, (TypeReferenceHandle)member.Parent) is var owner
                && owner.StartsWith("Microsoft.ML.", StringComparison.Ordinal))
            {
                var token = MetadataTokens.GetToken(handle);
                yield return ($"{owner}.{metadata.GetString(member.Name)}", TryResolve(token));
            }
        }
    }

    private static string FullName(MetadataReader metadata, TypeReferenceHandle handle)
    {
        var type = metadata.GetTypeReference(handle);
        var name = metadata.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{FullName(metadata, (TypeReferenceHandle)type.ResolutionScope)}.{name}"
            : $"{metadata.GetString(type.Namespace)}.{name}";
    }

    private static MemberInfo? TryResolve(int token)
    {
        try
        {
            return Library.ManifestModule.ResolveMember(token);
        }
        catch (Exception fault) when (fault is MissingMemberException or TypeLoadException)
        {
            return null;
        }
    }
}
