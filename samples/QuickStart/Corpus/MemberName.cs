namespace QuickStart;

/// <summary>Names of members as XML documentation writes them, such as <c>M:System.String.Join(System.String)</c>.</summary>
internal static class MemberName
{
    private const int KindLength = 2;

    /// <summary>The name without its kind and parameters: <c>System.String.Join</c>.</summary>
    public static string Qualified(string name)
    {
        var start = name.Length > KindLength && name[1] == ':' ? KindLength : 0;
        var end = name.IndexOf('(', start);
        return end < 0 ? name[start..] : name[start..end];
    }

    /// <summary>The name as a sentence has it: <c>Join</c>, <c>List</c> for <c>List`1</c>, the type for a constructor.</summary>
    public static string Simple(string name)
    {
        var qualified = Qualified(name);
        var last = LastSegment(qualified);
        if (last is "#ctor" or "#cctor")
        {
            last = LastSegment(Parent(qualified));
        }

        var end = last.IndexOfAny(['`', '{']);
        return end < 0 ? last : last[..end];
    }

    /// <summary>The name without its last segment, or an empty text.</summary>
    public static string Parent(string qualified)
    {
        var dot = qualified.LastIndexOf('.');
        return dot < 0 ? "" : qualified[..dot];
    }

    private static string LastSegment(string qualified) => qualified[(qualified.LastIndexOf('.') + 1)..];
}
