using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace QuickStart;

/// <summary>
/// Which types there are and in which namespace, from the metadata of assemblies: a name alone does not tell
/// whether <c>System.String</c> is a namespace.
/// </summary>
internal sealed class TypeNamespaces
{
    private readonly Dictionary<string, string> _namespaces = [];

    public TypeNamespaces(IEnumerable<string> assemblyPaths)
    {
        foreach (var path in assemblyPaths)
        {
            using var assembly = new PEReader(File.OpenRead(path));
            AddTypes(assembly.GetMetadataReader());
        }
    }

    /// <summary>Finds the declaring type of a member, or the type itself, or null if no assembly has it.</summary>
    public (string Type, string Namespace)? Find(string memberName)
    {
        for (var name = MemberName.Qualified(memberName); name.Length > 0; name = MemberName.Parent(name))
        {
            if (_namespaces.TryGetValue(name, out var space))
            {
                return (name, space);
            }
        }

        return null;
    }

    private void AddTypes(MetadataReader reader)
    {
        foreach (var handle in reader.TypeDefinitions)
        {
            var (name, space) = FullName(reader, reader.GetTypeDefinition(handle));
            _namespaces.TryAdd(name, space);
        }
    }

    private static (string Name, string Namespace) FullName(MetadataReader reader, TypeDefinition type)
    {
        var name = reader.GetString(type.Name);
        if (type.IsNested)
        {
            var (outer, space) = FullName(reader, reader.GetTypeDefinition(type.GetDeclaringType()));
            return ($"{outer}.{name}", space);
        }

        var own = reader.GetString(type.Namespace);
        return (own.Length == 0 ? name : $"{own}.{name}", own);
    }
}
