using System.Xml.Linq;

namespace QuickStart;

/// <summary>The plain text of one documented member.</summary>
internal static class DocumentationText
{
    private static readonly XName[] Sections = ["summary", "remarks", "returns", "param", "exception"];

    /// <summary>Joins the member's sections, references replaced by their simple names, white space collapsed.</summary>
    public static string Of(XElement member)
    {
        var text = new CollapsedText();
        foreach (var section in Sections)
        {
            foreach (var element in member.Elements(section))
            {
                Append(element, text);
                text.AppendSpace();
            }
        }

        return text.ToString();
    }

    private static void Append(XElement element, CollapsedText text)
    {
        for (var node = element.FirstNode; node is not null; node = node.NextNode)
        {
            switch (node)
            {
                case XText words:
                    text.Append(words.Value);
                    break;
                case XElement { IsEmpty: true } reference:
                    AppendReference(reference, text);
                    break;
                case XElement child:
                    AppendChild(child, text);
                    break;
            }
        }
    }

    // <see cref="…">words</see> and <c>words</c> stand in a sentence; <para>, <item> and the like stand by themselves.
    private static void AppendChild(XElement child, CollapsedText text)
    {
        var standsAlone = child.Name.LocalName is "para" or "p" or "item" or "li" or "term" or "description";
        if (standsAlone)
        {
            text.AppendSpace();
        }

        Append(child, text);
        if (standsAlone)
        {
            text.AppendSpace();
        }
    }

    private static void AppendReference(XElement element, CollapsedText text)
    {
        if (Reference(element) is { } name)
        {
            text.Append(name);
        }
        else
        {
            text.AppendSpace();
        }
    }

    private static string? Reference(XElement element) => element.Name.LocalName switch
    {
        "see" or "seealso" when element.Attribute("cref") is { } cref => MemberName.Simple(cref.Value),
        "see" when (element.Attribute("langword") ?? element.Attribute("href")) is { } word => word.Value,
        "paramref" or "typeparamref" => element.Attribute("name")?.Value,
        _ => null,
    };
}
